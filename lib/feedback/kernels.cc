// SPDX-License-Identifier: Apache-2.0
// Loops that are compiled once for every instruction set, as in lib/core/vector.cc.
#include <pith/core/vector.h>
#include <pith/feedback/kernels.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/feedback/kernels.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_FEEDBACK_KERNEL_LOOPS
#define PITH_FEEDBACK_KERNEL_LOOPS
namespace pith {

template <class T>
struct RuleLoops {
  void (*momentum)(const MomentumStep<T>& step, const T* g, const T* before, const T* own, T* after,
                   T* u, std::size_t n);
  void (*control)(const ControlStep<T>& step, const T* g, const T* error, const T* own, T* next,
                  T* u, std::size_t n);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void fetch(const T* x, const T* y, const T* z) {
  for (const T* next : {x, y, z}) hwy::Prefetch(next + kPrefetchAhead / sizeof(T));
}

// One lane for what is left over.
template <class D, class T>
std::size_t momentum_from(D d, const MomentumStep<T>& step, const T* g, const T* before,
                          const T* own, T* after, T* u, std::size_t i, std::size_t n) {
  const std::size_t lanes = hn::Lanes(d);
  const auto eta = hn::Set(d, step.eta);
  const auto rest = hn::Set(d, T(1) - step.eta);
  const auto a = hn::Set(d, step.gradient_scale);
  const auto s = hn::Set(d, step.state_scale);
  for (; i + lanes <= n; i += lanes) {
    fetch(g + i, before + i, own + i);
    const auto kept = hn::Mul(rest, hn::Mul(s, hn::LoadU(d, before + i)));
    const auto v = hn::Add(kept, hn::Mul(eta, hn::Mul(a, hn::LoadU(d, g + i))));
    const auto difference = hn::Sub(v, hn::Mul(s, hn::LoadU(d, own + i)));
    hn::StoreU(v, d, after + i);
    hn::StoreU(difference, d, u + i);
  }
  return i;
}

template <class T>
void momentum(const MomentumStep<T>& step, const T* g, const T* before, const T* own, T* after,
              T* u, std::size_t n) {
  const std::size_t i =
      momentum_from(hn::ScalableTag<T>(), step, g, before, own, after, u, std::size_t{0}, n);
  momentum_from(hn::CappedTag<T, 1>(), step, g, before, own, after, u, i, n);
}

template <class D, class T>
std::size_t control_from(D d, const ControlStep<T>& step, const T* g, const T* error, const T* own,
                         T* next, T* u, std::size_t i, std::size_t n) {
  const std::size_t lanes = hn::Lanes(d);
  const auto share = hn::Set(d, step.share);
  const auto a = hn::Set(d, step.gradient_scale);
  const auto s = hn::Set(d, step.state_scale);
  for (; i + lanes <= n; i += lanes) {
    fetch(g + i, error + i, own + i);
    const auto residual = hn::Mul(s, hn::LoadU(d, error + i));
    const auto scaled = hn::Mul(a, hn::LoadU(d, g + i));
    const auto difference = hn::Sub(scaled, hn::Mul(s, hn::LoadU(d, own + i)));
    const auto message = hn::Add(hn::Mul(share, residual), difference);
    hn::StoreU(hn::Add(residual, difference), d, next + i);
    hn::StoreU(message, d, u + i);
  }
  return i;
}

template <class T>
void control(const ControlStep<T>& step, const T* g, const T* error, const T* own, T* next, T* u,
             std::size_t n) {
  const std::size_t i =
      control_from(hn::ScalableTag<T>(), step, g, error, own, next, u, std::size_t{0}, n);
  control_from(hn::CappedTag<T, 1>(), step, g, error, own, next, u, i, n);
}

template <class T>
constexpr RuleLoops<T> kLoops{momentum<T>, control<T>};

const RuleLoops<float>* float_loops() { return &kLoops<float>; }
const RuleLoops<double>* double_loops() { return &kLoops<double>; }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <Element T>
const RuleLoops<T>& loops() {
  if constexpr (std::same_as<T, float>) {
    return *HWY_DYNAMIC_DISPATCH(float_loops)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(double_loops)();
  }
}

}  // namespace

template <Element T>
void MomentumStep<T>::run(std::span<const T> g, std::span<const T> before, std::span<const T> own,
                          std::span<T> after, std::span<T> u) const {
  loops<T>().momentum(*this, g.data(), before.data(), own.data(), after.data(), u.data(), g.size());
}

template <Element T>
void ControlStep<T>::run(std::span<const T> g, std::span<const T> error, std::span<const T> own,
                         std::span<T> next, std::span<T> u) const {
  loops<T>().control(*this, g.data(), error.data(), own.data(), next.data(), u.data(), g.size());
}

template struct MomentumStep<float>;
template struct MomentumStep<double>;
template struct ControlStep<float>;
template struct ControlStep<double>;

}  // namespace pith
#endif
