// SPDX-License-Identifier: Apache-2.0
#include "overlap_step.h"

#include <algorithm>

#include <pith/collectives/stopwatch.h>

#include "sizes.h"

namespace pith::bench {

Computing::Computing() {
  a_.fill(1.0f / kSide);
  b_.fill(1.0f);
  c_.fill(0.0f);
}

void Computing::run(std::size_t products) {
  for (std::size_t p = 0; p < products; ++p) multiply();
}

std::size_t Computing::products_in(double seconds) {
  constexpr std::size_t kTrial = 2000;
  run(kTrial);
  double trial = 0;
  {
    Stopwatch watch(trial);
    run(kTrial);
  }
  return static_cast<std::size_t>(seconds / trial * kTrial) + 1;
}

void Computing::multiply() {
  for (std::size_t i = 0; i < kSide; ++i) {
    for (std::size_t k = 0; k < kSide; ++k) {
      const float a = a_[i * kSide + k];
      for (std::size_t j = 0; j < kSide; ++j) c_[i * kSide + j] += a * b_[k * kSide + j];
    }
  }
  asm volatile("" : : "g"(&c_) : "memory");  // nobody reads it
}

void compute(Computing& computing, std::size_t products, Step& step) {
  Stopwatch watch(step.computing.seconds);
  computing.run(products);
}

Trainer::Trainer(const OverlapOptions& options, Progress progress, Communicator& communicator)
    : options_(options),
      communicator_(communicator),
      reducer_(communicator, {.compressor = options.compressor,
                              .feedback = options.feedback,
                              .exchange = options.exchange,
                              .bucket_bytes = options.bucket_bytes,
                              .progress = progress,
                              .seed = options.seed,
                              .statistics_every = 0}),
      gradients_(options.tensors * options.elements) {
  for (std::size_t t = 0; t < options.tensors; ++t) {
    names_.push_back("layer " + std::to_string(t));
    reducer_.add(names_.back(), nearly_square(options.elements));
  }
}

Step Trainer::step(const Gradients<float>& gradients, std::size_t number, Computing& computing,
                   std::size_t products) {
  std::ranges::copy(gradients.step(number), gradients_.begin());
  communicator_.barrier();
  Step step;
  {
    Stopwatch all(step.wall.seconds);
    reducer_.begin();
    for (std::size_t t = options_.tensors; t-- > 0;) {
      compute(computing, products, step);
      reducer_.push(names_[t],
                    std::span(gradients_).subspan(t * options_.elements, options_.elements));
    }
    reducer_.wait();
  }
  return step;
}

}  // namespace pith::bench
