// SPDX-License-Identifier: Apache-2.0
#include "reducer_arm.h"

#include <algorithm>

#include <pith/core/error.h>
#include <pith/reducer/automatic.h>

namespace pith::bench {
namespace {

// A rule that names the compressor holds for tensors of any size and shape.
ReducerOptions options_for(const ArmCase& what) {
  TensorRule rule;
  rule.compressor = what.what.compressor;
  rule.feedback = what.what.feedback;
  rule.exchange = what.what.exchange;
  ReducerOptions options;
  options.seed = what.seed;
  options.statistics_every = what.measure_every;
  options.rules = {rule};
  return options;
}

bool has_choice(const CollectiveCase& what) {
  const Treatment treatment = parse_treatment(what.compressor, what.feedback, what.exchange);
  return choices(treatment.compressor.front().pipeline, treatment).size() > 1;
}

// Everything that its one unit has cost so far.
Sample totals(const Statistics& statistics) {
  Sample sample;
  sample.message_bytes = static_cast<double>(statistics.message_bytes);
  for (const UnitStatistics& unit : statistics.units) {
    sample.encode_seconds += unit.encode_seconds;
    sample.exchange_seconds += unit.exchange_seconds;
    sample.decode_seconds += unit.decode_seconds;
  }
  return sample;
}

}  // namespace

template <Element T>
ReducerArm<T>::ReducerArm(Communicator& communicator, const ArmCase& what)
    : communicator_(communicator),
      reducer_(communicator, options_for(what)),
      what_(what.what),
      chooses_(has_choice(what.what)) {
  reducer_.add(kTensorName, what.shape, element_type<T>);
  reducer_.template states<T>();  // registers, so that what does not fit is refused here
}

template <Element T>
Sample ReducerArm<T>::run(std::span<T> x) {
  const Sample before = totals(reducer_.statistics());
  StepResult result;
  Sample sample = timed(communicator_, [&] {
    reducer_.push(kTensorName, x);
    result = reducer_.wait();
  });
  if (!result.committed) throw Error("allreduce: a step was skipped: " + result.reason);
  const Sample after = totals(reducer_.statistics());
  sample.message_bytes = after.message_bytes - before.message_bytes;
  sample.encode_seconds = after.encode_seconds - before.encode_seconds;
  sample.exchange_seconds = after.exchange_seconds - before.exchange_seconds;
  sample.decode_seconds = after.decode_seconds - before.decode_seconds;
  return sample;
}

template <Element T>
CollectiveCase ReducerArm<T>::settle(std::span<T> x) {
  if (!chooses_) return what_;
  const std::vector<T> gradient(x.begin(), x.end());
  while (steps() <= Automatic::kTrialSteps || Automatic::due(steps())) {
    std::ranges::copy(gradient, x.begin());
    run(x);
  }
  const UnitStatistics unit = reducer_.statistics().units.front();
  return {unit.compressor, unit.feedback, unit.exchange};
}

template class ReducerArm<float>;
template class ReducerArm<double>;

}  // namespace pith::bench
