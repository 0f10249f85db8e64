// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <iostream>

#include <unistd.h>

namespace fashion_mnist {
namespace {

constexpr std::size_t kWidth = 40;
constexpr std::chrono::milliseconds kRedraw{100};

}  // namespace

Progress::Progress(bool speaks, std::size_t steps)
    : speaks_(speaks), terminal_(speaks && isatty(STDERR_FILENO) == 1), steps_(steps) {}

Progress::~Progress() { erase(); }

void Progress::step(std::size_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - drawn_ < kRedraw) return;
  drawn_ = now;
  const std::size_t filled = kWidth * done / steps_;
  std::cerr << "\r[" << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] step "
            << done << " of " << steps_ << std::flush;
}

void Progress::line(const std::string& text) {
  erase();
  if (speaks_) std::cout << text << std::endl;
}

void Progress::erase() {
  if (terminal_) std::cerr << "\r\033[K" << std::flush;
}

}  // namespace fashion_mnist
