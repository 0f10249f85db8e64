// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>

#include <pith/core/scratch.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/engine.h>
#include <pith/reducer/reducer.h>

namespace pith {

/// The reducer behind its header.
class Reducer::Impl {
 public:
  Impl(Communicator& communicator, ReducerOptions options);

  void add(std::string_view name, const Shape& shape, ElementType type);
  void broadcast(std::string_view name, std::span<std::byte> values, ElementType type);
  void fail(const std::string& what);
  void give(std::string_view name, Given::How how, GradientMemory memory);
  StepResult wait(const StepOptions& step);
  Statistics statistics() const;

  template <Element T>
  std::vector<StateView<T>> states();

 private:
  void refuse(const std::string& what);
  void start();
  bool prepare();
  void collect_faults(const StepOptions& step);
  Round begin_round(const StepOptions& step, bool changed);
  double divisor();
  void stage(Round& round, double loss_scale);
  StepResult exchange(const StepOptions& step);
  StepResult give_up(const Agreement& agreement);
  void commit(const StepOptions& step);
  void count_step(std::uint64_t wire_bytes);
  template <Element T>
  void count_units(const Engine<T>& engine);

  Communicator& communicator_;
  Settings settings_;
  std::vector<Tensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<UnitPlan> plan_;
  std::optional<Engine<float>> floats_;
  std::optional<Engine<double>> doubles_;
  std::set<std::uint64_t> changes_;  // steps at which a schedule changes something
  std::vector<Choice> choices_;

  Scratch scratch_;
  std::vector<Given> given_;
  std::string refusal_;        // the first mistake of add()
  std::vector<Fault> faults_;  // of push(), skip() and fail(), until wait()
  std::uint64_t config_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t step_ = 0;
  std::uint32_t epoch_ = 0;
  double loss_scale_ = 1;
  bool started_ = false;
  bool unusable_ = false;  // with Commit::inplace, while a step is under way

  std::size_t agreement_bytes_ = 0;  // of the step at hand
  Statistics statistics_;
};

}  // namespace pith
