// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/vector.h>
#include <pith/feedback/ef21.h>

namespace pith {

/// EF21 with the heavy ball behind it (Fatkhullin, Sokolov, Gorbunov, Li, Richtarik 2021,
/// arXiv:2110.03294): what ranks send is that of Ef21, what the trainer receives is the momentum of
/// the estimate.
///
///   send C(g - g_i),   g_i' = g_i + sent,   v' = momentum v + mean of the g_i',   estimate = v'
///
/// The same, bit for bit, as Ef21 with an optimizer that has this momentum: for trainers whose
/// optimizer has none. Give it none besides.
///
/// State    g_i: n elements, private; their mean and v: n elements each, replicated.
/// Estimate v, also where nothing is compressed.
template <Element T>
class Ef21Hb final : public Ef21<T> {
 public:
  /// 0 <= momentum < 1
  Ef21Hb(Extent n, Commit commit, double momentum)
      : Ef21<T>(n, commit), velocity_(n.received), momentum_(static_cast<T>(momentum)) {}

  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override {
    Ef21<T>::absorb(m, mean, estimate);
    const std::span<T> velocity(velocity_);
    combine(momentum_, std::span<const T>(velocity), T(1), std::span<const T>(estimate), velocity);
    copy(std::span<const T>(velocity), estimate);
  }

  std::vector<StateView<T>> states() override {
    auto all = Ef21<T>::states();
    all.push_back({.name = "velocity", .scope = Scope::replicated, .values = velocity_});
    return all;
  }

 private:
  std::vector<T> velocity_;
  T momentum_;
};

}  // namespace pith
