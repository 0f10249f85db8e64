// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <pith/compressors/linear.h>

namespace pith::test {

template <class T>
using Vectors = std::vector<std::vector<T>>;

/// n numbers of a standard normal distribution, from a place in a pool that depends on the seed.
template <Element T>
std::vector<T> gaussian(std::size_t n, std::uint64_t seed) {
  static const std::vector<T> pool = [] {
    std::vector<T> numbers(200'000);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<T>(Random({}).normal(i));
    return numbers;
  }();
  const auto first = pool.begin() + static_cast<long>(Random({.seed = seed}).below(100'000, 0));
  return {first, first + static_cast<long>(n)};
}

/// One such vector per rank.
template <Element T>
Vectors<T> gaussians(std::size_t ranks, std::size_t n, std::uint64_t seed) {
  Vectors<T> x;
  for (std::size_t r = 0; r < ranks; ++r) x.push_back(gaussian<T>(n, seed * 1000 + r));
  return x;
}

/// The mean, summed in double.
template <Element T>
std::vector<T> mean_of(const Vectors<T>& vectors) {
  std::vector<T> mean(vectors.front().size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    double sum = 0;
    for (const auto& v : vectors) sum += static_cast<double>(v[i]);
    mean[i] = static_cast<T>(sum / static_cast<double>(vectors.size()));
  }
  return mean;
}

template <Element T>
double squared_distance(const std::vector<T>& x, const std::vector<T>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    sum += difference * difference;
  }
  return sum;
}

/// Some ranks' instances of one compressor, and the averages between them in place of a network.
template <Element T>
class LinearRanks {
 public:
  using Make = std::function<std::unique_ptr<LinearCompressor<T>>()>;

  LinearRanks(const Make& make, std::size_t ranks) : ranks_(ranks) {
    for (Rank& rank : ranks_) {
      rank.compressor = make();
      rank.factors.resize(static_cast<std::size_t>(rank.compressor->rounds()));
    }
  }

  /// One step up to the last average.
  void step(const Vectors<T>& inputs, const RandomKey& key = {}) {
    sent_.clear();
    for (Rank& rank : ranks_) begin_step(rank.scratch);
    for (int round = 0; round < ranks_.front().compressor->rounds(); ++round) {
      write_factors(round, inputs, key);
      average(static_cast<std::size_t>(round));
    }
  }

  void accept() {
    for (Rank& rank : ranks_) rank.compressor->accept();
  }

  std::vector<T> reconstruction(std::size_t rank = 0) const {
    std::vector<T> y(elements_);
    ranks_[rank].compressor->reconstruction().axpy(1, 0, y);
    return y;
  }

  std::vector<T> own(std::size_t rank) const {
    std::vector<T> y(elements_);
    ranks_[rank].compressor->own().axpy(1, 0, y);
    return y;
  }

  /// All factors of the last step, before they were averaged: by round, then by rank.
  const Vectors<T>& sent() const { return sent_; }

  LinearCompressor<T>& operator[](std::size_t rank) { return *ranks_[rank].compressor; }
  std::size_t size() const { return ranks_.size(); }

 private:
  struct Rank {
    std::unique_ptr<LinearCompressor<T>> compressor;
    Vectors<T> factors;
    Scratch scratch;
  };

  // Scratch memory comes with whatever was in it: here NaNs, which would show.
  static void begin_step(Scratch& scratch) {
    scratch.clear();
    const Scratch::Frame frame(scratch);
    const auto bytes = scratch.take<std::byte>(60'000);
    std::memset(bytes.data(), 0xff, bytes.size());
  }

  void write_factors(int round, const Vectors<T>& inputs, RandomKey key) {
    elements_ = inputs.front().size();
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      key.rank = static_cast<std::uint32_t>(r);
      auto& out = ranks_[r].factors[static_cast<std::size_t>(round)];
      out.resize(ranks_[r].compressor->factor_elements(round));
      ranks_[r].compressor->factor(round, inputs[r], key, out, ranks_[r].scratch);
      sent_.push_back(out);
    }
  }

  void average(std::size_t round) {
    Vectors<T> factors;
    for (const Rank& rank : ranks_) factors.push_back(rank.factors[round]);
    const auto mean = mean_of(factors);
    for (Rank& rank : ranks_) std::ranges::copy(mean, rank.factors[round].begin());
  }

  std::vector<Rank> ranks_;
  Vectors<T> sent_;
  std::size_t elements_ = 0;
};

}  // namespace pith::test
