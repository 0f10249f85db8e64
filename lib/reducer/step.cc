// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/reducer/impl.h>

namespace pith {
namespace {

std::string wrong_numbers(const StepOptions& step) {
  if (!(step.learning_rate >= 0) || !std::isfinite(step.learning_rate)) {
    return "wait: the learning rate is " + std::to_string(step.learning_rate);
  }
  if (!(step.loss_scale > 0) || !std::isfinite(step.loss_scale)) {
    return "wait: the loss scale is " + std::to_string(step.loss_scale);
  }
  return {};
}

}  // namespace

// Of what must be equal on all ranks.
std::uint64_t Reducer::Impl::digest_of(const StepOptions& step) const {
  struct {
    double learning_rate;
    double loss_scale;
    std::uint64_t step;
    std::uint64_t epoch;
    std::uint64_t choices;
  } const fields{step.learning_rate, step.loss_scale, step_, epoch_, choices_digest_};
  return hash(std::as_bytes(std::span(&fields, 1)));
}

// However the step ends, the next one begins with nothing given.
StepResult Reducer::Impl::wait(const StepOptions& step) {
  struct Clear {
    Impl& impl;
    ~Clear() {
      for (Given& given : impl.given_) given.how = Given::How::nothing;
      impl.given_count_ = 0;
      impl.faults_.clear();
      impl.begun_.reset();
      impl.round_.reset();
      impl.overlapped_ = false;
      impl.scratch_.clear();
    }
  } const clear{*this};
  start();
  if (unusable_) {
    throw UsageError("wait: an earlier step failed with commit=inplace, its states are lost");
  }
  if (begun_ && step != StepOptions{} && step != *begun_) fail("wait: other options than begin()");
  const StepOptions options = begun_.value_or(step);
  if (!round_) open(options, false);
  collect_missing();
  return close(options);
}

void Reducer::Impl::collect_missing() {
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    if (given_[t].how != Given::How::nothing) continue;
    fail("wait: tensor \"" + tensors_[t].name + "\" was neither pushed nor skipped");
  }
}

// From here on the step's round knows them, and sends nothing more.
void Reducer::Impl::collect_faults() {
  const std::lock_guard lock(faults_mutex_);
  std::ranges::move(faults_, std::back_inserter(round_->faults));
  faults_.clear();
}

// What is decoded beside the trainer need not wait for the ranks to agree.
void Reducer::Impl::open(const StepOptions& step, bool overlapped) {
  prepare();
  wire_before_ = communicator_.wire_bytes();
  const std::string wrong = wrong_numbers(step);
  if (!wrong.empty()) fail(wrong);
  round_.emplace(begin_round(step));
  floats_->begin(!overlapped, scratch_);
  doubles_->begin(!overlapped, scratch_);
  if (!adaptive_) return;
  floats_->observe_with(adaptive_->observers<float>(step_));
  doubles_->observe_with(adaptive_->observers<double>(step_));
}

Round Reducer::Impl::begin_round(const StepOptions& step) {
  Round round{nodes_ ? nodes_->peers() : communicator_, scratch_};
  round.step.step = step_;
  round.step.learning_rate = step.learning_rate;
  round.step.loss_scale = step.loss_scale;
  round.step.state_scale = step.loss_scale / loss_scale_;
  round.divisor = divisor();
  round.seed = settings_.options.seed;
  round.config = config_;
  round.sequence = sequence_;
  round.epoch = epoch_;
  const bool changed = std::exchange(built_anew_, false);
  round.check_signature = changed || step_ % settings_.options.check_every == 0;
  round.measure_error = health_->measures_at(step_);
  return round;
}

double Reducer::Impl::divisor() {
  const auto ranks = static_cast<std::size_t>(communicator_.size());
  if (settings_.options.divisor == Divisor::ranks) return of_peers(static_cast<double>(ranks));
  const auto pushed = [](const Given& given) { return given.how == Given::How::pushed; };
  const std::byte mine{std::ranges::any_of(given_, pushed)};
  const auto all = scratch_.take<std::byte>(ranks);
  communicator_.all_gather(std::span(&mine, 1), all);
  const auto taking_part = std::ranges::count(all, std::byte{1});
  return of_peers(static_cast<double>(std::max<std::ptrdiff_t>(taking_part, 1)));
}

// With a node stage, peers exchange means over ranks / nodes ranks.
double Reducer::Impl::of_peers(double ranks) const {
  if (!nodes_) return ranks;
  return ranks * static_cast<double>(nodes_->count()) / static_cast<double>(nodes_->ranks());
}

void Reducer::Impl::stage(std::size_t bucket) {
  if (bucket < floats_->buckets()) {
    floats_->stage(bucket, given_, *round_);
  } else {
    doubles_->stage(bucket - floats_->buckets(), given_, *round_);
  }
}

void Reducer::Impl::exchange(std::size_t bucket) {
  round_->bucket = static_cast<std::uint32_t>(bucket);
  if (bucket < floats_->buckets()) {
    floats_->exchange(bucket, *round_);
  } else {
    doubles_->exchange(bucket - floats_->buckets(), *round_);
  }
}

void Reducer::Impl::clip(double loss_scale) {
  if (!round_->faults.empty() || settings_.options.clip == 0) return;
  const double norm = std::sqrt(floats_->squared_norm(*round_) + doubles_->squared_norm(*round_));
  const double ranks = settings_.options.clip_by_ranks ? communicator_.size() : 1;
  const double factor = settings_.options.clip / std::sqrt(ranks) * loss_scale / norm;
  if (!round_->faults.empty() || !std::isfinite(norm) || factor >= 1) return;
  floats_->scale_gradients(factor);
  doubles_->scale_gradients(factor);
}

// In wait(), with all gradients there. Returns what the ranks agree on at the end, or before it.
Agreement Reducer::Impl::exchange_all(const StepOptions& step) {
  const std::uint64_t digest = digest_of(step);
  collect_faults();
  for (std::size_t b = 0; b < missing_.size(); ++b) stage(b);
  clip(step.loss_scale);
  if (may_go_in_place()) {
    const bool done = exchange_in_place(digest);
    if (done && round_->faults.empty()) return {};
    agreement_bytes_ += kAgreementBytes;
    if (done) return agree(communicator_, round_->faults, digest);
  }
  if (settings_.options.commit == Commit::inplace) {
    // One copy of the state: what can be known beforehand must be, before the first compose.
    if (round_->faults.empty()) floats_->find_non_finite(round_->faults);
    if (round_->faults.empty()) doubles_->find_non_finite(round_->faults);
    const Agreement agreement = agree(communicator_, round_->faults, digest);
    agreement_bytes_ += kAgreementBytes;
    if (!agreement.all_well()) return agreement;
    unusable_ = true;  // until the step is committed
  }
  for (std::size_t b = 0; b < missing_.size(); ++b) exchange(b);
  return agree(communicator_, round_->faults, digest);
}

// The same on all ranks, whether they overlap or not. All ranks then begin with agree_in_place().
bool Reducer::Impl::may_go_in_place() const {
  return settings_.options.clip == 0 && !missing_.empty() && floats_->is_plain() &&
         doubles_->is_plain();
}

// If all ranks take part, without mistakes and states, what a plain step can still come to is a
// mean that is not finite. It is so on all ranks, and takes no copy of the gradients to leave no
// rank behind. Returns whether the step went this way.
bool Reducer::Impl::exchange_in_place(std::uint64_t digest) {
  const bool can =
      round_->faults.empty() && floats_->can_go_in_place() && doubles_->can_go_in_place();
  if (!agree_in_place(communicator_, can, digest)) return false;
  floats_->check_signatures(*round_);
  doubles_->check_signatures(*round_);
  round_->check_signature = false;
  round_->plain = true;
  floats_->go_in_place();
  doubles_->go_in_place();
  for (std::size_t b = 0; b < missing_.size(); ++b) exchange(b);
  return true;
}

StepResult Reducer::Impl::close(const StepOptions& step) {
  agreement_bytes_ = kAgreementBytes;
  Agreement agreement;
  if (overlapped_) {
    if (may_go_in_place()) agreement_bytes_ += kAgreementBytes;
    overlap_->finish();
    collect_faults();
    agreement = agree(communicator_, round_->faults, digest_of(step));
  } else {
    agreement = exchange_all(step);
  }
  sequence_ = round_->sequence;
  if (!agreement.all_well()) {
    if (nodes_) nodes_->count_wire_bytes(communicator_);
    return give_up(agreement);
  }
  commit(step);
  learn_order();
  count_step();
  decide();
  const std::uint64_t in_node = nodes_ ? nodes_->count_wire_bytes(communicator_) : 0;
  const std::uint64_t sent = communicator_.wire_bytes() - wire_before_;
  statistics_.node_wire_bytes += in_node;
  statistics_.wire_bytes += sent;
  if (adaptive_) adaptive_->learn(sent - in_node, exchange_seconds_);
  return {};
}

// Rank 0's first step tells when tensors are given; buckets that are ready early go early then.
void Reducer::Impl::learn_order() {
  if (std::exchange(order_is_known_, true) || missing_.size() < 2) return;
  communicator_.broadcast(std::as_writable_bytes(std::span(first_positions_)), 0);
  ways_are_new_ = first_positions_ != positions_;
  positions_ = first_positions_;
}

void Reducer::Impl::commit(const StepOptions& step) {
  const double state_scale = step.loss_scale / loss_scale_;
  floats_->finish(given_, state_scale);
  doubles_->finish(given_, state_scale);
  loss_scale_ = step.loss_scale;
  unusable_ = false;
  ++step_;
}

// The step counts nowhere: no state has changed, and gradients only where the policy says so.
StepResult Reducer::Impl::give_up(const Agreement& agreement) {
  ++statistics_.skipped_steps;
  floats_->give_up();
  agreement.throw_errors();
  if (unusable_) throw Error(agreement.text + "; with commit=inplace the states are lost");
  switch (settings_.options.non_finite) {
    case NonFinite::fail:
      throw Error(agreement.text);
    case NonFinite::propagate:
      for (const Given& given : given_) fill_with_nan(given.memory);
      floats_->fill_with_nan(given_);
      break;
    case NonFinite::skip:
      break;
  }
  return {.committed = false, .reason = agreement.text};
}

}  // namespace pith
