// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

#include <pith/core/error.h>
#include <pith/core/threads.h>

#include "collective_arm.h"
#include "collective_check.h"
#include "collective_report.h"
#include "commands.h"
#include "data.h"
#include "exit_code.h"

namespace pith::bench {
namespace {

// The same in 16 bit, without a rule.
CollectiveCase raw16_of(const CollectiveCase& what) {
  const bool shards = what.exchange == "gather_shards" || what.exchange == "reduce_shards";
  return {"cast(fp16)", "none", shards ? what.exchange : "raw"};
}

/// The compressed collective and the two raw ones, on the same gradients.
template <Element T>
class Comparison {
 public:
  Comparison(const CollectiveOptions& options, const CollectiveCase& what, const Shape& shape,
             const Gradients<T>& gradients, Communicator& communicator)
      : options_(options),
        what_(what),
        shape_(shape),
        gradients_(gradients),
        communicator_(communicator),
        compressed_(
            make_compressed_arm<T>(communicator, arm_case(what, options.checks > 0 ? turns() : 0))),
        raw_(make_raw_arm<T>(communicator, options.collective, gradients.size())),
        raw16_(make_compressed_arm<T>(communicator, arm_case(raw16_of(what), 0))),
        x_(gradients.size()) {}

  CollectiveResult run() {
    compressed_->settle(next_gradient());
    for (step_ = 0; step_ < turns(); ++step_) take_turns(step_ > options_.warm_up);
    CollectiveResult result = summary();
    if (options_.checks > 0) result.check = check();
    return result;
  }

 private:
  // The first step builds what it needs and belongs to the warm-up in any case.
  std::size_t turns() const { return 1 + options_.warm_up + options_.iterations; }

  ArmCase arm_case(const CollectiveCase& what, std::size_t measure_every) const {
    return {.collective = options_.collective,
            .what = what,
            .shape = shape_,
            .seed = options_.seed,
            .measure_every = measure_every};
  }

  std::span<T> next_gradient() {
    std::ranges::copy(gradients_.step(step_), x_.begin());
    return x_;
  }

  void take_turns(bool timed) {
    const Sample compressed = compressed_->run(next_gradient());
    const Sample raw = raw_->run(next_gradient());
    const Sample raw16 = raw16_->run(next_gradient());
    if (!timed) return;
    compressed_samples_.push_back(compressed);
    raw_samples_.push_back(raw);
    raw16_samples_.push_back(raw16);
  }

  CollectiveResult summary() {
    const Samples compressed(communicator_, compressed_samples_);
    const Samples raw(communicator_, raw_samples_);
    const Samples raw16(communicator_, raw16_samples_);
    return {.collective = options_.collective,
            .what = what_,
            .size = gradients_.size() * sizeof(T),
            .count = gradients_.size(),
            .ranks = static_cast<std::size_t>(communicator_.size()),
            .seconds = compressed.slowest(&Sample::seconds),
            .raw_seconds = raw.slowest(&Sample::seconds),
            .raw16_seconds = raw16.slowest(&Sample::seconds),
            .wire_bytes = compressed.slowest(&Sample::wire_bytes),
            .raw_wire_bytes = raw.slowest(&Sample::wire_bytes),
            .message_bytes = compressed.total(&Sample::message_bytes),
            .encode_seconds = compressed.slowest(&Sample::encode_seconds),
            .exchange_seconds = compressed.slowest(&Sample::exchange_seconds),
            .decode_seconds = compressed.slowest(&Sample::decode_seconds),
            .check = {}};
  }

  // The reducer measures its error in the first of these steps.
  CollectiveCheck check() {
    CollectiveCheck check;
    for (std::size_t c = 0; c < options_.checks; ++c, ++step_) {
      const ArmCase checked = arm_case(compressed_->settle(next_gradient()), 0);
      check.wrong += check_step(communicator_, *compressed_, checked, next_gradient());
    }
    if (const auto mine = compressed_->relative_error()) {
      const Sample error{.seconds = *mine};
      check.relative_error = Samples(communicator_, {error}).slowest(&Sample::seconds);
    }
    return check;
  }

  const CollectiveOptions& options_;
  const CollectiveCase& what_;
  const Shape& shape_;
  const Gradients<T>& gradients_;
  Communicator& communicator_;
  std::unique_ptr<CompressedArm<T>> compressed_;
  std::unique_ptr<CollectiveArm<T>> raw_;
  std::unique_ptr<CompressedArm<T>> raw16_;
  std::vector<T> x_;
  std::size_t step_ = 0;
  std::vector<Sample> compressed_samples_;
  std::vector<Sample> raw_samples_;
  std::vector<Sample> raw16_samples_;
};

// Null for what is left out, since what is legal depends on the size too; on every rank.
template <Element T>
std::unique_ptr<Comparison<T>> prepare(const CollectiveOptions& options, const CollectiveCase& what,
                                       const Shape& shape, const Gradients<T>& gradients,
                                       Communicator& communicator, CollectiveReport& report) try {
  return std::make_unique<Comparison<T>>(options, what, shape, gradients, communicator);
} catch (const UsageError& error) {
  report.comment(std::string("left out: ") + error.what());
  return nullptr;
}

// What was found legal and then fails is no usage error, whatever it says of itself.
template <Element T>
CollectiveResult run(Collective collective, Comparison<T>& comparison,
                     const CollectiveCase& what) try {
  return comparison.run();
} catch (const UsageError& error) {
  throw Error(std::string(name_of(collective)) + ": " + what.compressor + " over the " +
              what.exchange + " exchange failed: " + error.what());
}

template <Element T>
void measure_all(const CollectiveOptions& options, const std::vector<CollectiveCase>& cases,
                 Communicator& communicator, CollectiveReport& report) {
  for (const Shape& shape : options.shapes) {
    const Gradients<T> gradients("gaussian", shape.elements(), options.seed, communicator.rank());
    for (const CollectiveCase& what : cases) {
      const auto comparison = prepare(options, what, shape, gradients, communicator, report);
      if (comparison) report.add(run(options.collective, *comparison, what));
    }
  }
}

int measure(const CollectiveOptions& options, Communicator& communicator) {
  const CrossedCases cases = cross(options);
  if (cases.legal.empty()) {
    throw UsageError(std::string(name_of(options.collective)) + ": " + cases.left_out.front());
  }
  CollectiveReport report(options, communicator);
  for (const std::string& why : cases.left_out) report.comment("left out: " + why);
  if (options.type == ElementType::float32) {
    measure_all<float>(options, cases.legal, communicator, report);
  } else {
    measure_all<double>(options, cases.legal, communicator, report);
  }
  if (options.whole_model) report.add_sums();
  return report.finish();
}

int run(int argc, char** argv, Collective collective) {
  std::optional<CollectiveOptions> options;
  std::string problem;
  try {
    options = parse_collective_options(argc, argv, collective);
    set_threads(options->threads);
    // The calls for shards take no options, and a seed from here alone.
    setenv("PITH_SEED", std::to_string(options->seed).c_str(), 1);
  } catch (const UsageError& error) {
    problem = error.what();  // for rank 0 to print, which is not known yet
  }
  const auto body = [&](Communicator& communicator) {
    if (!options) throw UsageError(problem);
    if (options->help.empty()) return measure(*options, communicator);
    if (communicator.rank() == 0) std::cout << options->help;
    return kFine;
  };
  return run_on(options ? options->ranks : Ranks{}, argc, argv, body);
}

}  // namespace

int run_all_reduce(int argc, char** argv) { return run(argc, argv, Collective::all_reduce); }

int run_reduce_scatter(int argc, char** argv) {
  return run(argc, argv, Collective::reduce_scatter);
}

int run_all_gather(int argc, char** argv) { return run(argc, argv, Collective::all_gather); }

}  // namespace pith::bench
