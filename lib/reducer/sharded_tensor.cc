// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <pith/collectives/compose.h>
#include <pith/collectives/encode.h>
#include <pith/collectives/gather_shards.h>
#include <pith/collectives/reduce_shards.h>
#include <pith/compressors/registry.h>
#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/vector.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/registration.h>
#include <pith/reducer/sharded_tensor.h>

namespace pith {
namespace {

constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();

std::string differs(const std::string& what, std::size_t known, std::size_t given) {
  return what + " has " + std::to_string(known) + " elements, not " + std::to_string(given);
}

std::string wrong_rate(double rate) { return "the learning rate is " + std::to_string(rate); }

}  // namespace

std::string_view name_of(ShardedCall call) {
  return call == ShardedCall::all_gather ? "all_gather" : "reduce_scatter_mean";
}

template <Element T>
ShardedTensor<T>::ShardedTensor(Communicator& communicator, const ShardedRequest& request)
    : communicator_(communicator),
      call_(request.call),
      compressor_(request.compressor),
      feedback_(request.feedback) {
  plan_.name = request.name;
  std::string error;
  try {
    plan(request.elements);
    check(request);
    prepare();
  } catch (const std::exception& failure) {
    error = called(failure.what());
  }
  share_error(communicator, error);
  config_ = compare_texts(communicator, "sharded calls: the ranks ask for different things",
                          registration());
}

// Behind the name of the call and the tensor.
template <Element T>
std::string ShardedTensor<T>::called(std::string_view what) const {
  return std::string(name_of(call_)) + " \"" + plan_.name + "\": " + std::string(what);
}

// What the environment says of gradients holds for calls that move gradients.
template <Element T>
std::string ShardedTensor<T>::spec(std::string_view variable, const std::string& given) const {
  return gathers() ? given : environment(variable).value_or(given);
}

template <Element T>
Extent ShardedTensor<T>::extent() const {
  const std::size_t n = plan_.elements;
  return gathers() ? Extent(shard_.size(), n) : Extent(n, shard_.size());
}

// Shards differ in size, and what is promised for them must not.
template <Element T>
Guarantee ShardedTensor<T>::guarantee() const {
  const auto ranks = static_cast<std::size_t>(communicator_.size());
  const std::size_t largest_shard = (plan_.elements + ranks - 1) / ranks;
  return message_ ? message_->guarantee(gathers() ? largest_shard : plan_.elements) : kNothingLost;
}

template <Element T>
void ShardedTensor<T>::plan(std::size_t elements) {
  const auto ranks = static_cast<std::size_t>(communicator_.size());
  const auto rank = static_cast<std::size_t>(communicator_.rank());
  plan_.tensors = {0};
  plan_.type = element_type<T>;
  plan_.shape = Shape::flat(elements);
  plan_.elements = elements;
  plan_.treatment = parse_treatment(spec("PITH_COMPRESSOR", compressor_),
                                    spec("PITH_FEEDBACK", feedback_), "sharded");
  shard_ = {block_start(elements, ranks, rank), block_start(elements, ranks, rank + 1)};
  seed_ = environment_integer("PITH_SEED", 0, kAny).value_or(ReducerOptions{}.seed);
  for (const ScheduledPipeline& entry : plan_.treatment.compressor) {
    if (choices(entry.pipeline, plan_.treatment).size() == 1) continue;
    throw UsageError(text_of(entry.pipeline) + ": shards travel in one way only; name it");
  }
  const Spec& rule = plan_.treatment.feedback;
  const FeedbackEntry& entry = feedback_rule(rule.name);
  if (gathers() && !entry.exact_is_mean) {
    throw UsageError("feedback " + rule.name + " would give " +
                     (entry.momentum ? "the momentum of what is gathered" : "less than is sent"));
  }
  rule_ = make_feedback<T>(rule, extent(), Commit::step);
  check_units({plan_}, Divisor::ranks, Owners::keep_nothing);
  check_ranks({plan_}, communicator_.size(), Owners::keep_nothing);
}

// What must be equal on all ranks, one line each.
template <Element T>
std::string ShardedTensor<T>::registration() const {
  return called("\n") + "elements " + std::to_string(plan_.elements) + "\ntype " +
         std::string(pith::name_of(plan_.type)) + "\ncompressor " +
         spec("PITH_COMPRESSOR", compressor_) + "\nfeedback " + spec("PITH_FEEDBACK", feedback_) +
         "\nseed " + std::to_string(seed_) + "\n";
}

// Throws what is wrong with a call, on this rank alone.
template <Element T>
void ShardedTensor<T>::check(const ShardedRequest& request) const {
  if (request.name.empty()) throw UsageError("a tensor needs a name");
  if (request.compressor != compressor_ || request.feedback != feedback_) {
    throw UsageError("it was first used with " + compressor_ + " and " + feedback_ + ", not " +
                     std::string(request.compressor) + " and " + std::string(request.feedback));
  }
  if (request.elements != plan_.elements) {
    throw UsageError(differs("it", plan_.elements, request.elements));
  }
  if (request.shard != shard_.size()) {
    throw UsageError(differs("this rank's shard", shard_.size(), request.shard));
  }
}

// The compressor follows the schedule, the rule outlives it.
template <Element T>
void ShardedTensor<T>::prepare() {
  const Schedule& schedule = plan_.treatment.compressor;
  const std::size_t entry = entry_at(schedule, step_);
  if (epoch_ > 0 && entry == entry_) return;
  const Choice choice = choices(schedule[entry].pipeline, plan_.treatment).front();
  message_.reset();
  codec_ = 0;
  if (choice.kind == CompressorKind::message) {
    message_ = make_message<T>(choice.pipeline, Shape::flat(extent().sent));
    codec_ = codec_of(choice.pipeline);
  }
  rule_->carried_by(guarantee());
  entry_ = entry;
  ++epoch_;
}

template <Element T>
Round ShardedTensor<T>::begin_round(double learning_rate) {
  Round round{communicator_, scratch_};
  round.step.step = step_;
  round.step.learning_rate = learning_rate;
  round.divisor = static_cast<double>(communicator_.size());
  round.seed = seed_;
  round.config = config_;
  round.sequence = sequence_;
  round.epoch = epoch_;
  return round;
}

template <Element T>
Unit<T> ShardedTensor<T>::make_unit() {
  return {.name = plan_.name,
          .key = hash(plan_.name),
          .codec = codec_,
          .elements = plan_.elements,
          .gradient = {},
          .mean = scratch_.take<T>(plan_.elements),
          .cost = {}};
}

template <Element T>
void ShardedTensor<T>::reduce(Unit<T>& unit, std::span<const T> in, Round& round) {
  unit.gradient = in;
  unit.feedback = rule_.get();
  unit.message = message_.get();
  reduce_shards(std::span(&unit, 1), round);
  unit.first = shard_.begin;
  unit.mean = slice(unit.mean, shard_);
  check_mean(unit, round);
}

template <Element T>
void ShardedTensor<T>::gather(Unit<T>& unit, std::span<const T> in, Round& round) {
  unit.owner_feedback = rule_.get();
  unit.owner_message = message_.get();
  if (round.faults.empty()) copy(in, slice(unit.mean, shard_));
  gather_shards(std::span(&unit, 1), round);
}

// The end of a call: whether it counts, on all ranks.
template <Element T>
bool ShardedTensor<T>::agreed(const Round& round) {
  struct {
    std::uint64_t config;
    std::uint64_t step;
    double learning_rate;
  } const fields{config_, step_, round.step.learning_rate};
  const auto digest = hash(std::as_bytes(std::span(&fields, 1)));
  const Agreement agreement = agree(communicator_, round.faults, digest);
  sequence_ = round.sequence;
  agreement.throw_errors();
  return !agreement.non_finite;
}

template <Element T>
bool ShardedTensor<T>::exchange(const ShardedRequest& request, std::span<const T> in,
                                std::span<T> out, double learning_rate) {
  struct Clear {
    Scratch& scratch;
    ~Clear() { scratch.clear(); }
  } const clear{scratch_};
  prepare();
  Round round = begin_round(learning_rate);
  try {
    check(request);
    if (!(learning_rate >= 0 && std::isfinite(learning_rate))) {
      throw UsageError(wrong_rate(learning_rate));
    }
  } catch (const UsageError& error) {
    round.faults.push_back({Fault::Kind::usage, called(error.what())});
  }
  const auto means = scratch_.take<std::span<const T>>(static_cast<std::size_t>(rule_->messages()));
  for (std::span<const T>& mean : means) {
    round.message = static_cast<int>(&mean - means.data());
    Unit<T> unit = make_unit();
    gathers() ? gather(unit, in, round) : reduce(unit, in, round);
    mean = unit.mean;
  }
  if (!agreed(round)) return false;
  rule_->accept();
  for (std::size_t m = 0; m < means.size(); ++m) {
    rule_->absorb(static_cast<int>(m), means[m], out);
  }
  ++step_;
  return true;
}

// What a rank keeps of what it sends, or of what it receives, is that of its shard.
template <Element T>
std::vector<StateView<T>> ShardedTensor<T>::states() {
  auto states = rule_->states();
  for (StateView<T>& state : states) {
    state.name = plan_.name + "/" + state.name;
    const bool sent = state.scope == Scope::per_rank;
    if (!state.per_element || sent != gathers()) continue;
    state.scope = Scope::owner;
    state.first = shard_.begin;
  }
  return states;
}

template class ShardedTensor<float>;
template class ShardedTensor<double>;

}  // namespace pith
