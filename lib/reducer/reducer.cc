// SPDX-License-Identifier: Apache-2.0
#include <pith/reducer/impl.h>
#include <pith/reducer/reducer.h>

namespace pith {

Reducer::Reducer(Communicator& communicator, ReducerOptions options)
    : impl_(std::make_unique<Impl>(communicator, std::move(options))) {}

Reducer::~Reducer() = default;

void Reducer::add(std::string_view name, const Shape& shape, ElementType type, Space space) {
  impl_->add(name, shape, type, space);
}

void Reducer::broadcast(std::string_view name, std::span<float> values) {
  impl_->broadcast(name, std::as_writable_bytes(values), ElementType::float32);
}

void Reducer::broadcast(std::string_view name, std::span<double> values) {
  impl_->broadcast(name, std::as_writable_bytes(values), ElementType::float64);
}

void Reducer::broadcast(std::string_view name, DeviceSpan<float> values, DeviceStream stream) {
  impl_->broadcast(name, values, stream);
}

#define PITH_GIVE(V)                                                 \
  void Reducer::push(std::string_view name, std::span<V> gradient) { \
    impl_->give(name, Given::How::pushed, gradient);                 \
  }                                                                  \
  void Reducer::skip(std::string_view name, std::span<V> estimate) { \
    impl_->give(name, Given::How::skipped, estimate);                \
  }
PITH_GIVE(float)
PITH_GIVE(double)
PITH_GIVE(Half)
PITH_GIVE(BFloat16)
#undef PITH_GIVE

#define PITH_GIVE(V)                                                                       \
  void Reducer::push(std::string_view name, DeviceSpan<V> gradient, DeviceStream stream) { \
    impl_->give(name, Given::How::pushed, DeviceMemory{gradient, stream});                 \
  }                                                                                        \
  void Reducer::skip(std::string_view name, DeviceSpan<V> estimate, DeviceStream stream) { \
    impl_->give(name, Given::How::skipped, DeviceMemory{estimate, stream});                \
  }
PITH_GIVE(float)
PITH_GIVE(Half)
PITH_GIVE(BFloat16)
#undef PITH_GIVE

void Reducer::fail(const std::string& reason) { impl_->fail(reason); }

void Reducer::begin(const StepOptions& step) { impl_->begin(step); }

StepResult Reducer::wait(const StepOptions& step) { return impl_->wait(step); }

Statistics Reducer::statistics() const { return impl_->statistics(); }

template <Element T>
std::vector<StateView<T>> Reducer::states() {
  return impl_->states<T>();
}

std::vector<DeviceStateView> Reducer::device_states() { return impl_->device_states(); }

template std::vector<StateView<float>> Reducer::states();
template std::vector<StateView<double>> Reducer::states();

}  // namespace pith
