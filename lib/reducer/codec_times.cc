// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <vector>

#include <pith/collectives/exchange.h>
#include <pith/collectives/mean.h>
#include <pith/collectives/stopwatch.h>
#include <pith/comm/local.h>
#include <pith/compressors/registry.h>
#include <pith/core/random.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/codec_times.h>

namespace pith {
namespace {

constexpr std::size_t kSmallSide = 8;  // of a square matrix, for compressors that want one
constexpr std::size_t kLargeSide = 4096;
constexpr std::size_t kFactor = 8;
constexpr int kSteps = 3;  // the first one grows the buffers

/// One unit that is exchanged with nobody.
template <Element T>
class Trial {
 public:
  Trial(const Choice& choice, const Spec& feedback, std::size_t side)
      : choice_(choice),
        shape_({side, side}),
        gradient_(side * side),
        mean_(side * side),
        rule_(make_feedback<T>(feedback, side * side, Commit::step)) {
    const Random random({.seed = 1});
    for (std::size_t i = 0; i < gradient_.size(); ++i) {
      gradient_[i] = i < kDrawn ? static_cast<T>(random.normal(i)) : gradient_[i - kDrawn];
    }
    switch (choice.kind) {
      case CompressorKind::none:
        break;
      case CompressorKind::message:
        message_ = make_message<T>(choice.pipeline, shape_);
        break;
      case CompressorKind::linear:
        linear_ = make_linear<T>(choice.pipeline, shape_);
        break;
      case CompressorKind::sparse:
        make_sparse();
    }
  }

  /// The fastest of some steps, and the bytes of the last.
  UnitCost cost() {
    UnitCost best;
    run_local(1, [&](Communicator& alone) {
      Round round{alone, scratch_};
      for (int step = 0; step < kSteps; ++step) {
        scratch_.clear();
        const UnitCost cost = exchange(round);
        if (step == 0) continue;
        const bool first = step == 1;
        best.message_bytes = cost.message_bytes;
        best.encode_seconds = faster(first, best.encode_seconds, cost.encode_seconds);
        best.decode_seconds = faster(first, best.decode_seconds, cost.decode_seconds);
        best.exchange_seconds = faster(first, best.exchange_seconds, cost.exchange_seconds);
      }
    });
    return best;
  }

  /// Seconds for the mean of this unit's message and `ranks` - 1 like it.
  double mean_of(std::size_t ranks) {
    double best = 0;
    for (int step = 0; step < kSteps; ++step) {
      scratch_.clear();
      const std::vector<const Decoded<T>*> all(ranks, &encoded());
      double seconds = 0;
      {
        Stopwatch watch(seconds);
        write_mean<T>(all, static_cast<T>(ranks), 0, mean_);
      }
      best = faster(step == 0, best, seconds);
    }
    return best;
  }

 private:
  static constexpr std::size_t kDrawn = 8191;  // numbers, which are repeated

  void make_sparse() {
    auto message = make_sparse_message<T>(choice_.pipeline, shape_);
    owner_message_ = message->with_exact_values();
    owner_dense_ = make_message<T>({Spec{std::string(kFilledSegment), {}}}, shape_);
    message_ = std::move(message);
  }

  static double faster(bool first, double best, double seconds) {
    return first ? seconds : std::min(best, seconds);
  }

  UnitCost exchange(Round& round) {
    Unit<T> unit;
    unit.elements = gradient_.size();
    unit.gradient = gradient_;
    unit.mean = mean_;
    unit.feedback = rule_.get();
    unit.message = message_.get();
    unit.linear = linear_.get();
    unit.owner_message = owner_message_.get();
    unit.owner_dense = owner_dense_.get();
    unit.dense_codec = compressor(kFilledSegment).codec;
    unit.codec = message_ ? codec_of(choice_.pipeline) : std::uint16_t{0};
    // What one rank does for its message is the same for gather and sharded.
    const bool whole = choice_.kind == CompressorKind::message;
    for (round.message = 0; round.message < rule_->messages(); ++round.message) {
      pith::exchange<T>(whole ? Exchange::gather : choice_.exchange, {&unit, 1}, round);
    }
    rule_->accept();
    if (linear_) linear_->accept();
    return unit.cost;
  }

  const Decoded<T>& encoded() {
    const std::size_t n = gradient_.size();
    const std::size_t cuts[] = {0, n};
    std::size_t size = 0;
    const auto bytes = scratch_.take<std::byte>(message_->max_wire_bytes(n, 1));
    message_->encode(gradient_, cuts, {}, {bytes, {&size, 1}}, scratch_);
    return message_->open({bytes.first(size), 0}, n, scratch_);
  }

  Choice choice_;
  Shape shape_;
  std::vector<T> gradient_;
  std::vector<T> mean_;
  Scratch scratch_;
  std::unique_ptr<Feedback<T>> rule_;
  std::unique_ptr<MessageCompressor<T>> message_;
  std::unique_ptr<LinearCompressor<T>> linear_;
  std::unique_ptr<MessageCompressor<T>> owner_message_;
  std::unique_ptr<MessageCompressor<T>> owner_dense_;
};

template <Element T>
void measure(CodecTimes& times, const Choice& choice, const Spec& feedback, std::size_t side,
             std::size_t ranks) {
  Trial<T> trial(choice, feedback, side);
  const auto n = static_cast<double>(side * side);
  const UnitCost cost = trial.cost();
  times.bytes.add({n, static_cast<double>(cost.message_bytes)});
  if (choice.kind == CompressorKind::sparse) {
    // An owner receives as many entries as a rank selects, however many ranks there are.
    times.encode.add({n, cost.encode_seconds + cost.exchange_seconds + cost.decode_seconds});
    return;
  }
  const bool message = choice.kind == CompressorKind::message;
  times.encode.add({n, cost.encode_seconds});
  // Alone there is nothing to wait for: what is left of an exchange is conversion to 16 bits.
  const double decode = cost.decode_seconds + (message ? 0 : cost.exchange_seconds);
  times.decode.add({n, decode});
  times.decode_all.add({n, message ? trial.mean_of(ranks) : decode});
}

}  // namespace

CodecMeter::CodecMeter(std::size_t ranks, std::size_t largest_elements)
    : ranks_(ranks), largest_(largest_elements) {}

const CodecTimes& CodecMeter::of(const Choice& choice, const Spec& feedback, ElementType type) {
  // Sent exactly, nothing is left over from the second step on.
  const bool exact =
      choice.kind == CompressorKind::none && feedback_rule(feedback.name).exact_is_mean;
  const Spec rule = exact ? Spec{"none", {}} : feedback;
  const std::string key = text_of(choice.pipeline) + " " + std::string(name_of(choice.kind)) + " " +
                          rule.text() + " " + std::string(name_of(type));
  const bool is_known = known_.contains(key);
  CodecTimes& times = known_[key];
  if (is_known) return times;
  const auto measure_at = [&](std::size_t side) {
    if (type == ElementType::float64) return measure<double>(times, choice, rule, side, ranks_);
    measure<float>(times, choice, rule, side, ranks_);
  };
  std::size_t largest_side = kSmallSide;
  while (largest_side < kLargeSide && largest_side * largest_side < largest_) largest_side *= 2;
  for (std::size_t side = kSmallSide; side < largest_side; side *= kFactor) measure_at(side);
  measure_at(largest_side);
  return times;
}

}  // namespace pith
