// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/device_linear.cuh>
#include <pith/compressors/device_sweep.cuh>
#include <pith/compressors/rounding.cuh>
#include <pith/compressors/skinny.cuh>
#include <pith/cuda/blas.cuh>
#include <pith/cuda/memory.h>

namespace pith {
namespace {

// Null: what is composed is the gradient, or the next residual, where it is read from then.
template <class Composed>
__global__ void compose_all(Composed x, float* composed, DeviceFault* fault) {
  sweep(x, fault, [&](std::size_t i, float u) {
    if (composed) composed[i] = u;
    x.keep(i, u);
  });
}

__global__ void round_all(ElementType type, float* x, std::size_t n) {
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) x[i] = rounded(type, x[i]);
}

__global__ void note_non_finite(const float* x, std::size_t n, std::uint32_t* found) {
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) {
    if (!isfinite(x[i])) *found = 1;
  }
}

__global__ void copy_unless(const std::uint32_t* not_so, const float* x, float* y, std::size_t n) {
  if (*not_so != 0) return;
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) y[i] = x[i];
}

// Where what x composes lies, once compose_all() has been there.
const float* place_of_composed(const DeviceSource& x) {
  if (x.composing == Composing::residual) return x.next_own;
  const bool as_it_is = x.composing == Composing::gradient && x.gradient_scale == 1;
  return as_it_is ? x.gradient : nullptr;
}

class DeviceLowRank final : public DeviceLinearCompressor {
 public:
  DeviceLowRank(const LowRank<float>& host, DeviceStream stream)
      : host_(host),
        shape_(host.shape()),
        state_(host.start() == LowRank<float>::Start::warm ? shape_.rank * shape_.columns : 0),
        overflow_(1) {
    cuda::clear(state_.span(), stream);
    cuda::prepare_blas();
  }

  const LinearCompressor<float>& host() const override { return host_; }
  DeviceSpan<float> state() const override { return state_; }

  void factor(int round, const DeviceSource& x, const RandomKey& key, DeviceSpan<float> out,
              DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream) override {
    if (x.size == 0) return;
    const Random random({key.seed, key.tensor, key.step, kSharedByRanks});
    if (round == 0) {
      left_factor(x, random, out, fault, scratch, stream);
    } else {
      right_factor(random, out, scratch, stream);
      commit(x, stream);
    }
  }

  void reconstruct(DeviceSpan<float> mean, DeviceStream stream) const override {
    if (!mean.empty()) write_product(p_, q_, mean.data(), stream);
  }

  void accept(DeviceStream stream) override {
    const std::size_t n = state_.size();
    if (n == 0) return;
    cuda::clear(overflow_.span(), stream);
    cuda::launch(note_non_finite, sweep_blocks(n), cuda::kBlock, stream, q_.values, n,
                 overflow_.span().data());
    cuda::launch(copy_unless, sweep_blocks(n), cuda::kBlock, stream, overflow_.span().data(),
                 q_.values, state_.span().data(), n);
  }

  void start_from(const DeviceLinearCompressor& before, DeviceStream stream) override {
    const auto* other = dynamic_cast<const DeviceLowRank*>(&before);
    if (!other || other->shape_.columns != shape_.columns) return;
    const std::size_t common = std::min(state_.size(), other->state_.size());
    cuda::copy(DeviceSpan<const float>(other->state_.span().first(common)),
               state_.span().first(common), stream);
  }

 private:
  void left_factor(const DeviceSource& x, const Random& random, DeviceSpan<float> out,
                   DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream) {
    const float* const place = place_of_composed(x);
    float* const composed = place ? nullptr : scratch.take<float>(x.size).data();
    m_ = {place ? place : composed, shape_.rows, shape_.columns};
    averaged_p_ = out;
    const cuda::DeviceScratch::Frame frame(scratch);
    const DeviceMatrix<float> q = start_directions(random, scratch, stream);
    const DeviceMatrix<float> p{out.data(), shape_.rank, shape_.rows};
    if (takes_kernels()) {
      compose_and_project_rows(x, composed, q, p, fault, stream);
    } else {
      compose(x, composed, fault, stream);
      project_rows_by_blas(m_, q, p, scratch, stream);
    }
    round_to(out, stream);
  }

  DeviceMatrix<float> start_directions(const Random& random, cuda::DeviceScratch& scratch,
                                       DeviceStream stream) const {
    const auto q = scratch.take<float>(shape_.rank * shape_.columns);
    cuda::clear(q, stream);
    cuda::copy(DeviceSpan<const float>(state_), q.first(state_.size()), stream);
    const DeviceMatrix<float> directions{q.data(), shape_.rank, shape_.columns};
    orthonormalise(directions, random, 0, stream);
    return directions;
  }

  static void compose(const DeviceSource& x, float* composed, DeviceFault* fault,
                      DeviceStream stream) {
    with_composer(x, [&](auto composer) {
      cuda::launch(compose_all<decltype(composer)>, sweep_blocks(x.size), cuda::kBlock, stream,
                   composer, composed, fault);
    });
  }

  void right_factor(const Random& random, DeviceSpan<float> out, cuda::DeviceScratch& scratch,
                    DeviceStream stream) {
    const auto left = scratch.take<float>(averaged_p_.size());
    cuda::copy(averaged_p_, left, stream);
    const DeviceMatrix<float> p{left.data(), shape_.rank, shape_.rows};
    const DeviceMatrix<float> q{out.data(), shape_.rank, shape_.columns};
    orthonormalise(p, random, LowRank<float>::kLeftBlocks, stream);
    if (takes_kernels()) {
      project_columns(m_, p, q, scratch, stream);
    } else {
      project_columns_by_blas(m_, p, q, scratch, stream);
    }
    round_to(out, stream);
    p_ = p;
    q_ = q;
  }

  // They read m as often as it takes once, but sum a row of it by few threads.
  bool takes_kernels() const {
    return shape_.rank <= kMostKernelRank && shape_.columns <= 32 * shape_.rows;
  }

  void round_to(DeviceSpan<float> x, DeviceStream stream) const {
    if (factor_type() == ElementType::float32) return;
    cuda::launch(round_all, sweep_blocks(x.size()), cuda::kBlock, stream, factor_type(), x.data(),
                 x.size());
  }

  // The own Q is still where its average comes. Sums to the states as on the host, where a state is
  // told of one row of the factors after the other.
  void commit(const DeviceSource& x, DeviceStream stream) const {
    if (x.composing == Composing::gradient) return;
    const bool residual = x.composing == Composing::residual;
    add_product(residual ? -1.0f : 1.0f, p_, q_, x.next_own, stream);
    if (x.composing == Composing::control) add_product(-1, p_, q_, x.next_other, stream);
  }

  LowRank<float> host_;
  LowRankShape shape_;
  cuda::DeviceBuffer<float> state_;             // empty if cold
  cuda::DeviceBuffer<std::uint32_t> overflow_;  // of what is to be the state
  DeviceMatrix<const float> m_;                 // composed
  DeviceSpan<const float> averaged_p_;          // as it came
  DeviceMatrix<const float> p_;                 // orthonormal
  DeviceMatrix<const float> q_;                 // own, then averaged
};

}  // namespace

std::unique_ptr<DeviceLinearCompressor> make_device_lowrank(const LowRank<float>& host,
                                                            DeviceStream stream) {
  return std::make_unique<DeviceLowRank>(host, stream);
}

}  // namespace pith
