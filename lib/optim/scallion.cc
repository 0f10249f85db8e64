// SPDX-License-Identifier: Apache-2.0
#include <pith/optim/must_be.h>
#include <pith/optim/scallion.h>

namespace pith {
namespace {

template <Element T>
std::string mistake_of(double alpha) {
  if (static_cast<T>(alpha) > 0 && alpha <= 1) return {};
  return must_be<T>("alpha", alpha, "above 0, at most 1");
}

}  // namespace

template <Element T>
Scallion<T>::Scallion(Communicator& communicator, const Shape& shape,
                      const ControlledAveragingOptions& options, double alpha)
    : ControlledAveraging<T>(communicator, shape, options, "ef21", mistake_of<T>(alpha)),
      alpha_(static_cast<T>(alpha)) {}

template <Element T>
void Scallion<T>::compose(std::span<const T> control, std::span<T> mean_gradient) const {
  for (std::size_t j = 0; j < mean_gradient.size(); ++j) {
    mean_gradient[j] = control[j] + alpha_ * (mean_gradient[j] - control[j]);
  }
}

template class Scallion<float>;
template class Scallion<double>;

}  // namespace pith
