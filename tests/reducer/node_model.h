// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <pith/core/hash.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/trajectory.h"

namespace pith::test {

/// Options with a node stage; all but the smallest tensors are compressed.
using testing::HasSubstr;

inline ReducerOptions nodes_of(const std::string& node, const std::string& compressor,
                               const std::string& feedback = "ef14") {
  return {.compressor = compressor, .feedback = feedback, .min_bytes = 64, .node = node};
}

/// How tensors travel, one of each kind.
struct Way {
  const char* compressor;
  const char* feedback;
  const char* exchange;
};

inline constexpr Way kWays[] = {
    {"topk(density=0.1)", "ef14", "gather"}, {"topk(density=0.1)", "ef14", "sparse"},
    {"onebit", "ef14", "sharded"},           {"quantize(bits=4)", "econtrol(eta=0.2)", "gather"},
    {"lowrank(rank=2)", "ef14", "linear"},   {"cast(bf16)", "none", "raw"},
    {"none", "ef21_sgdm(eta=0.1)", "raw"},   {"topk(density=0.1)@2,onebit", "ef21", "natural"}};

/// Tensors of all types and sizes, from none to more than one per rank, on one rank.
class Model {
 public:
  Model(Communicator& communicator, const ReducerOptions& options)
      : rank_(communicator.rank()), reducer_(communicator, options) {
    reducer_.add("matrix", {20, 30});
    reducer_.add("double", {9, 11}, ElementType::float64);
    reducer_.add("half", {16, 8}, ElementType::bfloat16);
    reducer_.add("bias", {13});
    reducer_.add("scalar", {});
    reducer_.add("empty", {0, 4});
  }

  void compute(std::uint64_t t) {
    matrix = gradient<float>(600, t, rank_);
    doubles = gradient<double>(99, t + 10, rank_);
    const auto exact = gradient<float>(128, t + 20, rank_);
    half.resize(exact.size());
    std::ranges::transform(exact, half.begin(), to_bfloat16);
    bias = gradient<float>(13, t + 30, rank_);
    scalar = gradient<float>(1, t + 40, rank_);
  }

  void push() {
    reducer_.push("empty", std::span(empty));
    reducer_.push("scalar", std::span(scalar));
    reducer_.push("bias", std::span(bias));
    reducer_.push("half", std::span(half));
    reducer_.push("double", std::span(doubles));
    reducer_.push("matrix", std::span(matrix));
  }

  std::vector<double> gradients() const {
    std::vector<double> all(matrix.begin(), matrix.end());
    all.insert(all.end(), doubles.begin(), doubles.end());
    for (const BFloat16 value : half) all.push_back(static_cast<double>(to_float(value)));
    all.insert(all.end(), bias.begin(), bias.end());
    all.insert(all.end(), scalar.begin(), scalar.end());
    return all;
  }

  std::uint64_t states() {
    return hash(state_bytes<float>(reducer_) + state_bytes<double>(reducer_));
  }
  Reducer& reducer() { return reducer_; }

  std::vector<float> matrix, bias, scalar, empty;
  std::vector<double> doubles;
  std::vector<BFloat16> half;

 private:
  int rank_;
  Reducer reducer_;  // ends before what it reads
};

}  // namespace pith::test
