// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/private_state.h>

namespace pith {

struct DgcOptions {
  double momentum = 0.9;  ///< 0 <= momentum < 1
  bool nesterov = false;
  bool masking = true;
};

/// Deep Gradient Compression (Lin, Han, Mao, Wang, Dally 2018, arXiv:1712.01887): error feedback
/// that accumulates each rank's momentum instead of its gradient, so that what waits is applied as
/// it would have been by momentum SGD.
///
///   u' = m u + g,        v' = v + u',       send C(v'),   v'' = v' - sent
///   u' = m (u + g),      v' = v + u' + g                                     (nesterov)
///   masking: u' = 0 where an element was chosen to be sent
///
/// The estimate carries the momentum: give the optimizer none. What is sent whole (uncompressed, or
/// by a compressor with contraction 1) masks nothing, and is momentum SGD; nor do messages that
/// code every element. A top-k of all elements, rounded, masks them all.
///
/// State    u, v: n elements each, private.
/// Estimate the plain mean of what was sent, also where nothing is compressed.
template <Element T>
class Dgc final : public Feedback<T> {
 public:
  Dgc(std::size_t n, Commit commit, const DgcOptions& options)
      : momentum_(n, commit), residual_(n, commit), options_(options) {}

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  void settle() override;
  std::span<const T> composed() override { return residual_.next(); }
  void commit(Range range, const Decoded<T>& sent) override;
  void accept() override;
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 private:
  void correct(Range range, std::span<T> momentum, std::span<T> accumulated) const;

  PrivateState<T> momentum_;
  PrivateState<T> residual_;
  DgcOptions options_;
  std::span<const T> gradient_;  // of the step at hand, as are:
  T gradient_scale_ = 1;
  T state_scale_ = 1;
  bool masks_ = false;
};

}  // namespace pith
