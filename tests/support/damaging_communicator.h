// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include <pith/comm/communicator.h>

namespace pith::test {

/// Passes everything on to another communicator and lets `damage` change what this rank receives in
/// all_gather_v and all_to_all_v: messages. Size records and agreements pass untouched.
class DamagingCommunicator final : public Communicator {
 public:
  using Damage = std::function<void(std::span<std::byte> received)>;

  DamagingCommunicator(Communicator& inner, Damage damage)
      : inner_(inner), damage_(std::move(damage)) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<Communicator> split(int color, int key) override {
    return inner_.split(color, key);
  }

 private:
  void do_all_reduce(std::span<std::byte> x, ElementType type) override;
  void do_reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                         ElementType type) override;
  void do_all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                       std::span<std::byte> all) override;
  void do_all_to_all_v(std::span<const std::byte> out, std::span<const std::size_t> out_sizes,
                       std::span<std::byte> in, std::span<const std::size_t> in_sizes) override;
  void do_broadcast(std::span<std::byte> x, int root) override { inner_.broadcast(x, root); }
  void do_barrier() override { inner_.barrier(); }

  Communicator& inner_;
  Damage damage_;
};

}  // namespace pith::test
