// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <iostream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fashion_mnist {
namespace {

constexpr std::size_t kWidth = 40;
constexpr std::chrono::milliseconds kRedraw{100};

bool same_file(int one, int other) {
  struct stat a {};
  struct stat b {};
  return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

// Whether the parent's standard output is a terminal that it did not simply hand down.
bool parent_has_its_own_terminal() {
  const std::string path = "/proc/" + std::to_string(getppid()) + "/fd/1";
  const int parent = open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (parent < 0) return false;
  const bool own = isatty(parent) == 1 && !same_file(parent, STDOUT_FILENO);
  close(parent);
  return own;
}

// Open MPI gives every rank a terminal as standard output, also where its own is a file, and passes
// on what comes: so a terminal that is not this process's counts only if the launcher has one.
bool somebody_watches_output() {
  if (isatty(STDOUT_FILENO) != 1) return false;
  return tcgetpgrp(STDOUT_FILENO) != -1 || parent_has_its_own_terminal();
}

std::ostream* place_for_a_bar() {
  if (somebody_watches_output()) return &std::cout;
  return isatty(STDERR_FILENO) == 1 ? &std::cerr : nullptr;
}

}  // namespace

Progress::Progress(bool speaks, std::size_t steps)
    : speaks_(speaks), bar_(speaks ? place_for_a_bar() : nullptr), steps_(steps) {}

Progress::~Progress() { erase(); }

void Progress::step(std::size_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (bar_ == nullptr || now - drawn_ < kRedraw) return;
  drawn_ = now;
  const std::size_t filled = kWidth * done / steps_;
  *bar_ << "\r[" << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] step "
        << done << " of " << steps_ << std::flush;
}

void Progress::line(const std::string& text) {
  erase();
  if (speaks_) std::cout << text << std::endl;
}

void Progress::erase() {
  if (bar_ != nullptr) *bar_ << "\r\033[K" << std::flush;
}

}  // namespace fashion_mnist
