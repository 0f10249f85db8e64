// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include <pith/optim/must_be.h>
#include <pith/optim/scafcom.h>

namespace pith {
namespace {

std::string rule(double beta) {
  std::ostringstream text;
  text.precision(17);
  text << "ef21_sgdm(eta=" << beta << ')';
  return text.str();
}

template <Element T>
std::string mistake_of(double beta) {
  if (static_cast<T>(beta) > 0 && beta <= 1) return {};
  return must_be<T>("beta", beta, "above 0, at most 1");
}

}  // namespace

template <Element T>
Scafcom<T>::Scafcom(Communicator& communicator, const Shape& shape,
                    const ControlledAveragingOptions& options, double beta)
    : ControlledAveraging<T>(communicator, shape, options, rule(beta), mistake_of<T>(beta)) {}

template class Scafcom<float>;
template class Scafcom<double>;

}  // namespace pith
