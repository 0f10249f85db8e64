// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include <pith/core/scratch.h>
#include <pith/reducer/adaptive.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/automatic.h>
#include <pith/reducer/engine.h>
#include <pith/reducer/fallback.h>
#include <pith/reducer/health.h>
#include <pith/reducer/nodes.h>
#include <pith/reducer/overlap.h>
#include <pith/reducer/reducer.h>

namespace pith {

/// The reducer behind its header.
class Reducer::Impl {
 public:
  Impl(Communicator& communicator, ReducerOptions options);

  void add(std::string_view name, const Shape& shape, ElementType type, Space space);
  void broadcast(std::string_view name, DeviceSpan<float> values, DeviceStream stream);
  std::vector<DeviceStateView> device_states();
  void broadcast(std::string_view name, std::span<std::byte> values, ElementType type);
  void fail(const std::string& what);
  void give(std::string_view name, Given::How how, GradientMemory memory);
  void begin(const StepOptions& step);
  StepResult wait(const StepOptions& step);
  Statistics statistics() const;

  template <Element T>
  std::vector<StateView<T>> states();

 private:
  void refuse(const std::string& what);
  std::string mark(DeviceMemory& memory) const;
  bool has_device_tensors() const;
  void share_errors_of(const std::function<void()>& work);
  void expect_no_step(const char* call) const;
  void start();
  void measure();
  void make_adaptive();
  std::vector<std::vector<Choice>> ways_at(std::uint64_t step) const;
  void decide();
  bool falls_back();
  std::vector<std::size_t> groups() const;
  void check_devices_of_node();
  void form_nodes(std::vector<UnitPlan>& plan);
  template <Element T>
  void make_engine(std::optional<Engine<T>>& engine);
  void prepare();
  void learn_order();
  void number_buckets(const std::vector<BucketPlan>& buckets);

  void open(const StepOptions& step, bool overlapped);
  Round begin_round(const StepOptions& step);
  double divisor();
  double of_peers(double ranks) const;
  std::string why_not_overlapped() const;
  void overlap();
  void count_given(std::size_t tensor);
  void collect_missing();
  void collect_faults();

  void stage(std::size_t bucket);
  void exchange(std::size_t bucket);
  void clip(double loss_scale);
  Agreement exchange_all(const StepOptions& step);
  bool may_go_in_place() const;
  bool exchange_in_place(std::uint64_t digest);
  std::uint64_t digest_of(const StepOptions& step) const;
  StepResult close(const StepOptions& step);
  StepResult give_up(const Agreement& agreement);
  void commit(const StepOptions& step);
  void learn_health(std::size_t unit, const UnitCost& cost);
  void count_step();
  template <Element T>
  void count_units(const Engine<T>& engine);

  Communicator& communicator_;
  Settings settings_;
  std::vector<Tensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<UnitPlan> plan_;
  std::optional<Nodes> nodes_;  // of the node stage, if there is one; then engines work on
  std::optional<Parts> parts_;  // this rank's parts of tensors and units
  std::optional<Engine<float>> floats_;
  std::optional<Engine<double>> doubles_;
  std::set<std::uint64_t> changes_;     // steps at which a schedule changes something
  std::vector<Choice> decided_;         // for the next step
  std::vector<Choice> choices_;         // of the last one
  bool plan_is_new_ = false;            // nothing is built for what is decided
  bool built_anew_ = false;             // since the last step
  std::uint64_t choices_digest_ = 0;    // of them
  std::optional<Adaptive> adaptive_;    // where a policy chooses
  std::optional<Automatic> automatic_;  // where there is something to decide
  std::optional<Health> health_;
  std::optional<Fallback> fallback_;            // if there is to be one
  std::vector<std::uint32_t> positions_;        // tensor by tensor: when backward gives it
  std::vector<std::uint32_t> first_positions_;  // and when it did in this rank's first step
  std::uint32_t given_count_ = 0;
  bool order_is_known_ = false;
  bool ways_are_new_ = false;           // units come in another order, or have fallen back
  std::vector<std::size_t> bucket_of_;  // tensor by tensor; buckets of floats come first

  Scratch scratch_;
  std::vector<Given> given_;
  std::string refusal_;  // the first mistake of add()
  std::mutex faults_mutex_;
  std::vector<Fault> faults_;  // of push(), skip() and fail(), until an exchange takes them
  std::uint64_t config_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t step_ = 0;
  std::uint32_t epoch_ = 0;
  double loss_scale_ = 1;
  bool started_ = false;
  bool unusable_ = false;  // with Commit::inplace, while a step is under way
  Statistics statistics_;
  std::vector<double> unit_seconds_;  // of the last step
  double exchange_seconds_ = 0;       // of the last step, all units, between peers

  // Of the step at hand.
  std::optional<StepOptions> begun_;
  std::optional<Round> round_;
  std::vector<std::size_t> missing_;  // bucket by bucket: tensors that are not given yet
  std::uint64_t wire_before_ = 0;
  std::size_t agreement_bytes_ = 0;
  bool overlapped_ = false;

  std::optional<Overlap> overlap_;  // ends before all that it works on
};

}  // namespace pith
