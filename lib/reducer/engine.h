// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>
#include <pith/reducer/device_tensor.h>
#include <pith/reducer/gradient.h>
#include <pith/reducer/layout.h>
#include <pith/reducer/node_stage.h>

namespace pith {

/// What takes one message of a unit's rule to the other ranks.
template <Element T>
struct Carrier {
  std::unique_ptr<MessageCompressor<T>> message;
  std::unique_ptr<LinearCompressor<T>> linear;
  std::unique_ptr<Feedback<T>> owner_feedback;
  std::unique_ptr<MessageCompressor<T>> owner_message;
  std::unique_ptr<MessageCompressor<T>> owner_dense;
};

/// One unit with all that holds its state.
template <Element T>
struct LiveUnit {
  const UnitPlan* plan = nullptr;
  std::size_t index = 0;    ///< in the reducer's list of units
  std::vector<Part> parts;  ///< its tensors, for messages to people
  Choice choice;
  bool built = false;                    ///< for it
  std::unique_ptr<DeviceTensor> device;  ///< if it lies there; then it keeps rule and memory
  bool pushed = false;                   ///< there, in this step, with a node stage
  double factor = 1;                     ///< there, likewise: what the gradient counts times
  std::unique_ptr<Feedback<T>> feedback;
  std::unique_ptr<Feedback<T>> none;  ///< instead of a rule that has sent all that it kept
  bool drained = false;               ///< it has, or is none, and nothing is compressed
  std::vector<Carrier<T>> carriers;   ///< message by message
  std::size_t owned_first = 0;        ///< element range of the owner's state
  std::span<T> memory;                ///< this step's gradient: the trainer's memory, or staged
  bool staged = false;

  bool sends_twice() const { return carriers.size() > 1; }
  Feedback<T>& rule() const { return drained ? *none : *feedback; }
};

/// Runs the units of one element type through a step. All ranks hold the same units in the same
/// order.
template <Element T>
class Engine {
 public:
  /// With a `node` stage, units and tensors are what this rank has as an owner, the gradients and
  /// estimates below those of the whole tensors, and `rank` and `ranks` those of the peers.
  Engine(const std::vector<UnitPlan>& units, const std::vector<Tensor>& tensors,
         const Settings& settings, int rank, int ranks,
         std::unique_ptr<NodeStage<T>> node = nullptr);

  /// Builds what `choices` (one per unit of the plan) asks for and differs from what is there.
  /// Rules stay. `buckets` are those of all types.
  void prepare(const std::vector<Choice>& choices, const std::vector<BucketPlan>& buckets);

  /// A step begins: its units have means, and no gradients yet. `may_wait`: means need not be
  /// written before finish().
  void begin(bool may_wait, Scratch& scratch);

  /// Who looks at the units in this step, by their index in the plan; or null. After begin().
  void observe_with(const std::vector<Observer<T>*>& observers);

  std::size_t buckets() const { return buckets_.size(); }

  /// Takes in the gradients of a bucket; 16-bit ones, and those of units of several tensors, are
  /// copied. What a device cannot do is noted in round.faults.
  void stage(std::size_t bucket, const std::vector<Given>& given, Round& round);

  /// Of this rank's gradients, once all are staged. Notes as stage() does.
  double squared_norm(Round& round);
  /// They count times `factor`; the trainer's memory stays as it is.
  void scale_gradients(double factor);
  bool find_non_finite(std::vector<Fault>& faults) const;

  /// Whether nothing is compressed in this step, rules have nothing to keep of what is sent
  /// exactly, and all of it is in host memory. The same on all ranks.
  bool is_plain() const;

  /// Whether, in a plain step, what is staged on this rank may be replaced where it is: this rank
  /// takes part in all units and has no state left.
  bool can_go_in_place() const;

  /// Means of large units, and of those alone in their bucket, replace the gradients where they
  /// are.
  void go_in_place();

  /// Compares the signatures of all buckets of a plain step.
  void check_signatures(Round& round) const;

  /// Exchanges a bucket that is staged. Buckets follow each other, on whatever thread.
  void exchange(std::size_t bucket, Round& round);

  /// The step is agreed: states are accepted and follow the loss scale, estimates are written to
  /// the trainer's memory.
  void finish(const std::vector<Given>& given, double state_scale);

  /// The step counts nowhere: trainers' memory on devices is theirs again.
  void give_up();

  /// Every gradient on a device becomes NaN.
  void fill_with_nan(const std::vector<Given>& given);

  /// Of tensors on devices, named "tensor/state".
  std::vector<DeviceStateView> device_states();

  std::vector<StateView<T>> states(const std::vector<Tensor>& tensors);

  /// In the order of their exchange: the units of the last step, and where each stands in live().
  std::span<const Unit<T>> last_units() const { return units_; }
  std::span<const std::size_t> order() const { return order_; }
  const std::vector<LiveUnit<T>>& live() const { return live_; }

 private:
  struct Bucket {
    Exchange exchange;
    Range units;    // in the order of exchange
    Range seconds;  // those of them that send twice
  };

  void build(LiveUnit<T>& unit, const Choice& choice);
  void build(const LiveUnit<T>& unit, Carrier<T>& carrier);
  void build_sparse(const LiveUnit<T>& unit, Carrier<T>& carrier);
  void build_owner(const LiveUnit<T>& unit, Carrier<T>& carrier);
  Unit<T> make_unit(LiveUnit<T>& live, std::size_t message, bool may_wait, std::span<T> mean) const;
  void exchange_messages(const Bucket& bucket, Round& round);
  void exchange_seconds(const Bucket& bucket, Round& round);
  std::unique_ptr<DeviceTensor> make_device_tensor(const UnitPlan& unit, ElementType type) const;
  void stage_on_devices(std::size_t bucket, const std::vector<Given>& given, Round& round);
  template <class Work>
  void on_devices_there(Round& round, const Work& work);
  void sum_on_devices(std::size_t bucket);
  void stage_units(std::size_t bucket, const std::vector<Given>& given, Round& round);
  bool stage_unit(std::size_t place, const std::vector<Given>& given, Round& round);
  void finish_units(const std::vector<Given>& given, double state_scale);
  void sum_in_node(std::size_t bucket, UnitCost& cost, Round& round);
  void accept(LiveUnit<T>& live, const Unit<T>& unit, double state_scale);
  void order_units(const std::vector<BucketPlan>& buckets);

  const Settings& settings_;
  std::size_t rank_;
  std::size_t ranks_;
  std::unique_ptr<NodeStage<T>> node_;  // or null
  std::vector<LiveUnit<T>> live_;       // in the order of the plan
  std::vector<Bucket> buckets_;         // in the order of their exchange
  std::vector<std::size_t> order_;      // of exchange: index into live_
  std::vector<Unit<T>> units_;          // in the order of exchange, for the step at hand
  std::vector<Unit<T>> seconds_;        // second messages, likewise
  std::vector<std::size_t> firsts_;     // whose they are: index into units_
};

}  // namespace pith
