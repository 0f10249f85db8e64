// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <pith/comm/communicator.h>

namespace pith::test {

/// What happens to one message on its way to this rank.
struct Damage {
  std::size_t source = 0;    ///< whose message, not this rank's own
  std::size_t exchange = 0;  ///< how many exchanges of messages pass untouched before

  /// How much of so many bytes arrives; the record that announces the message says so too.
  std::function<std::size_t(std::size_t bytes)> arriving = {};

  /// Changes what has arrived.
  std::function<void(std::span<std::byte> message)> change = {};
};

/// Writes the checksum that fits what the message now says.
void reseal(std::span<std::byte> message);

/// Passes everything on to another communicator, and damages what this rank receives in
/// all_gather_v and all_to_all_v if it is told to. Agreements pass untouched. Parts are told apart.
class DamagingCommunicator final : public Communicator {
 public:
  explicit DamagingCommunicator(Communicator& inner) : inner_(inner) {}
  explicit DamagingCommunicator(std::unique_ptr<Communicator> part)
      : part_(std::move(part)), inner_(*part_) {}

  /// What was split off, in its order, and is still there.
  const std::vector<DamagingCommunicator*>& parts() const { return parts_; }

  /// Holds for one message from now on.
  void damage_next(Damage damage) { damage_ = std::move(damage); }

  /// Whether that message has not come yet.
  bool waits() const { return damage_.has_value(); }

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  bool concurrent() const override { return inner_.concurrent(); }
  std::unique_ptr<Communicator> split(int color, int key) override {
    auto part = std::make_unique<DamagingCommunicator>(inner_.split(color, key));
    parts_.push_back(part.get());
    return part;
  }

 private:
  using Sizes = std::span<const std::size_t>;
  using Receive = std::function<void(std::span<std::byte> in, Sizes sizes)>;

  void do_all_reduce(std::span<std::byte> x, ElementType type) override;
  void do_reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                         ElementType type) override;
  void do_all_gather_v(std::span<const std::byte> mine, Sizes sizes,
                       std::span<std::byte> all) override;
  void do_all_to_all_v(std::span<const std::byte> out, Sizes out_sizes, std::span<std::byte> in,
                       Sizes in_sizes) override;
  void do_broadcast(std::span<std::byte> x, int root) override { inner_.broadcast(x, root); }
  void do_barrier() override { inner_.barrier(); }

  void pass_on(std::span<std::byte> in, Sizes sizes, const Receive& receive);
  void announce(std::span<std::byte> records);
  void deliver(std::span<std::byte> in, Sizes sizes, const Receive& receive);

  std::unique_ptr<Communicator> part_;  // null unless it is this one's own
  std::vector<DamagingCommunicator*> parts_;
  Communicator& inner_;
  std::optional<Damage> damage_;
  std::vector<std::size_t> sent_;  // how long the announced messages really are
};

}  // namespace pith::test
