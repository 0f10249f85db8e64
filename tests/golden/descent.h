// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/reducer/reducer.h>

#include "golden/problems.h"

namespace pith::test {

/// One trajectory: x moves by -rate times what the reducer makes of the ranks' gradients.
struct Method {
  std::string feedback;
  double rate;
  std::string compressor = "topk(k=1)";
  std::string exchange = "gather";
};

/// Whether the very first gradients travel uncompressed: full initialisation of the EF21 family.
enum class Start { compressed, dense };

/// One rank of a gradient descent, every rank on its own f_i with its own copy of x. Several
/// methods go side by side through one reducer, a tensor each. A method whose x grows above kLost
/// stands still from then on.
class Descent {
 public:
  static constexpr double kLost = 1e20;

  Descent(Communicator& communicator, const Problem& problem, const std::vector<Method>& methods,
          Start start);

  /// Not `present`: this rank skips every tensor.
  void step(bool present = true);

  const Vector& x(std::size_t method) const { return x_[method]; }

  /// What this rank pushed for the method in the last step.
  const Vector& pushed(std::size_t method) const { return pushed_[method]; }

  /// A state of the method's rule on this rank, "residual" for one.
  Vector state(std::size_t method, const std::string& name);

 private:
  std::size_t rank_;
  const Problem& problem_;
  std::vector<Method> methods_;
  Reducer reducer_;
  std::uint64_t step_ = 0;
  std::vector<Vector> x_;
  std::vector<Vector> pushed_;
  std::vector<Vector> estimates_;
};

using Trajectory = std::vector<Vector>;

/// x_0, x_1, ..., x_steps of every method, over run_local. Fails the test if the ranks' x differ in
/// a bit at the end.
std::vector<Trajectory> descend(const Problem& problem, const std::vector<Method>& methods,
                                std::size_t steps, Start start = Start::compressed);

/// The first t with |grad f(x_t)| < tolerance, or infinity.
double steps_to(double tolerance, const Problem& problem, const Trajectory& trajectory);

/// The largest |x_t|, and the mean of |grad f(x_t)| over the second half.
double largest_norm(const Trajectory& trajectory);
double floor_of(const Problem& problem, const Trajectory& trajectory);

/// Fails the test where x differs from what it must be by more than 1e-9.
void expect_near(const Vector& x, const Vector& expected);

}  // namespace pith::test
