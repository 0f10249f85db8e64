// SPDX-License-Identifier: Apache-2.0
#include "trainer.h"

#include <chrono>
#include <iomanip>
#include <sstream>
#include <string>

#include <pith/core/error.h>

#include "evaluate.h"
#include "program/launch.h"
#include "program/sum_over_ranks.h"
#include "replicas.h"

namespace fashion_mnist {
namespace {

constexpr std::size_t kStepsPerPoint = 20;
constexpr std::size_t kFinalLossSamples = 20'000;
constexpr int kMaxSkippedInARow = 10;

std::string exchange_in_use(const pith::Statistics& statistics) {
  for (const auto& unit : statistics.units) {
    if (unit.why_dense.empty()) return unit.exchange;
  }
  return "raw";
}

}  // namespace

Trainer::Trainer(const Options& options, Model& model, const Samples& samples,
                 pith::Communicator& world)
    : options_(options),
      model_(model),
      samples_(samples),
      world_(world),
      batches_(options, samples.train, world),
      optimizer_(model_.parameters(), options.momentum),
      reducer_(world, options.reducer),
      progress_(world.rank() == 0, options.epochs * batches_.steps_per_epoch()) {}

Result Trainer::run() {
  for (const auto& parameter : model_.parameters()) reducer_.add(parameter.name, parameter.shape);
  reducer_.broadcast(model_.parameters());
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t epoch = 0; epoch < options_.epochs; ++epoch) {
    train_epoch();
    end_epoch(epoch);
  }
  result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  finish();
  return result_;
}

void Trainer::train_epoch() {
  double loss = 0;
  std::size_t steps = 0;
  for (std::size_t i = 0; i < batches_.steps_per_epoch(); ++i) {
    loss += train_step();
    progress_.step(step_);
    if (++steps < kStepsPerPoint && i + 1 < batches_.steps_per_epoch()) continue;
    result_.loss.push_back(point(loss / static_cast<double>(steps)));
    loss = 0;
    steps = 0;
  }
}

double Trainer::train_step() {
  const Batch& batch = batches_.next();
  const Score score = model_.compute_gradients(batch);
  const double rate = learning_rate(options_.learning_rate, options_.warmup_steps,
                                    options_.epochs * batches_.steps_per_epoch(), step_);
  for (auto& parameter : model_.parameters()) {
    reducer_.push(parameter.name, std::span(parameter.gradient));
  }
  const pith::StepResult result = reducer_.wait({.learning_rate = rate});
  if (result.committed) optimizer_.step(rate);
  count_skipped(result);
  ++step_;
  return score.loss / static_cast<double>(batch.size());
}

void Trainer::count_skipped(const pith::StepResult& result) {
  skipped_in_a_row_ = result.committed ? 0 : skipped_in_a_row_ + 1;
  if (skipped_in_a_row_ < kMaxSkippedInARow) return;
  throw pith::Error("training diverged at step " + std::to_string(step_) + ": " + result.reason);
}

void Trainer::end_epoch(std::size_t epoch) {
  const Score score = evaluate(model_, samples_.test, samples_.test.size(), world_);
  result_.accuracy.push_back(point(score.correct));
  std::ostringstream line;
  line << "epoch " << epoch + 1 << " of " << options_.epochs << std::fixed << std::setprecision(4)
       << "  training loss " << result_.loss.back().value << "  test accuracy " << score.correct
       << std::setprecision(1) << "  ratio " << reducer_.statistics().ratio;
  progress_.line(line.str());
}

void Trainer::finish() {
  check_replicas(model_.parameters(), world_);
  const pith::Statistics statistics = reducer_.statistics();
  const double message_bytes = mean_over_ranks(static_cast<double>(statistics.message_bytes));
  const double wire_bytes = mean_over_ranks(static_cast<double>(statistics.wire_bytes));
  result_.ranks = world_.size();
  result_.parameters = model_.parameter_count();
  result_.exchange = exchange_in_use(statistics);
  result_.final_loss = evaluate(model_, samples_.train, kFinalLossSamples, world_).loss;
  result_.ratio_fp32 = static_cast<double>(statistics.dense_bytes) / message_bytes;
  result_.wire_bytes_per_step = wire_bytes / static_cast<double>(statistics.steps);
  const double raw_wire_bytes =
      2.0 * (world_.size() - 1) / world_.size() * static_cast<double>(statistics.dense_bytes);
  result_.wire_ratio = wire_bytes > 0 ? raw_wire_bytes / wire_bytes : 1;
  result_.units = statistics.units;
  result_.adaptive = statistics.adaptive;
  progress_.line(summary_line(result_));
}

double Trainer::mean_over_ranks(double value) {
  program::sum_over_ranks(world_, std::span(&value, 1));
  return value / world_.size();
}

Point Trainer::point(double value) {
  const auto bytes = static_cast<double>(reducer_.statistics().message_bytes);
  return {step_, mean_over_ranks(bytes), mean_over_ranks(value)};
}

void train_and_write(const Options& options, Model& model, const Samples& samples,
                     pith::Communicator& world) {
  const Result result = Trainer(options, model, samples, world).run();
  program::on_every_rank(world, [&] {
    if (world.rank() == 0 && !options.json.empty()) write_json(options, result);
  });
}

}  // namespace fashion_mnist
