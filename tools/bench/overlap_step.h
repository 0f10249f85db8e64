// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <pith/reducer/reducer.h>

#include "data.h"
#include "ranks.h"
#include "samples.h"

namespace pith::bench {

struct OverlapOptions {
  std::size_t elements;  // of each tensor
  std::size_t tensors;
  std::string compressor;
  std::string feedback;
  std::string exchange;
  std::size_t bucket_bytes;
  std::size_t iterations;
  std::size_t warm_up;
  std::uint64_t seed;
  Ranks ranks;
  std::string parameters;
};

/// What keeps a core busy instead of backward: products of two small matrices.
class Computing {
 public:
  Computing();

  void run(std::size_t products);

  /// Products that take so many seconds.
  std::size_t products_in(double seconds);

 private:
  static constexpr std::size_t kSide = 64;
  using Matrix = std::array<float, kSide * kSide>;

  void multiply();

  Matrix a_;
  Matrix b_;
  Matrix c_;
};

/// One step: all of it, and what of it was computing.
struct Step {
  Sample wall;
  Sample computing;
};

void compute(Computing& computing, std::size_t products, Step& step);

/// A trainer whose exchanges take place on a thread, or in wait().
class Trainer {
 public:
  Trainer(const OverlapOptions& options, Progress progress, Communicator& communicator);

  /// Registered from front to back, computed from back to front, `products` for each tensor.
  Step step(const Gradients<float>& gradients, std::size_t number, Computing& computing,
            std::size_t products);

  const std::vector<float>& estimates() const { return gradients_; }

 private:
  const OverlapOptions& options_;
  Communicator& communicator_;
  Reducer reducer_;
  std::vector<std::string> names_;
  std::vector<float> gradients_;
};

}  // namespace pith::bench
