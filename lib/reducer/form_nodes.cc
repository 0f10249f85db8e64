// SPDX-License-Identifier: Apache-2.0
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/reducer/device_tensor.h>
#include <pith/reducer/impl.h>

namespace pith {

// The node stage, unless no ranks share a node.
void Reducer::Impl::form_nodes(std::vector<UnitPlan>& plan) {
  if (settings_.options.node == "none") return;
  nodes_.emplace(communicator_, settings_.options);
  const std::string shape = "node=" + settings_.options.node + ": " + nodes_->text();
  const bool alone = nodes_->count() == nodes_->ranks();
  if (communicator_.rank() == 0) {
    log(alone ? LogLevel::warn : LogLevel::info, "NODE",
        shape + (alone ? ", so there is no node stage" : ""));
  }
  if (alone) return nodes_.reset();
  check_devices_of_node();
  // Nothing leaves the node, within which nothing is compressed.
  if (nodes_->count() == 1) leave_dense(plan, "all ranks are on one node");
  parts_.emplace(tensors_, plan, nodes_->owners(), static_cast<std::size_t>(nodes_->node().rank()));
}

// Collective, as share_errors_of() is.
void Reducer::Impl::check_devices_of_node() {
  if (!has_device_tensors()) return;
  share_errors_of([&] {
    const Communicator& node = nodes_->node();
    const auto problem = settings_.options.device->node_problem(node.rank(), node.size());
    if (!problem.empty()) throw UsageError("node=" + settings_.options.node + ": " + problem);
  });
}

template <Element T>
void Reducer::Impl::make_engine(std::optional<Engine<T>>& engine) {
  if (!nodes_) {
    engine.emplace(plan_, tensors_, settings_, communicator_.rank(), communicator_.size());
    return;
  }
  engine.emplace(parts_->units, parts_->tensors, settings_, nodes_->peers().rank(),
                 nodes_->peers().size(),
                 std::make_unique<NodeStage<T>>(*nodes_, tensors_, parts_->units));
}

template void Reducer::Impl::make_engine(std::optional<Engine<float>>&);
template void Reducer::Impl::make_engine(std::optional<Engine<double>>&);

}  // namespace pith
