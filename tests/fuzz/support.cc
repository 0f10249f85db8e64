// SPDX-License-Identifier: Apache-2.0
#include "fuzz/support.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>

#include <pith/core/simd.h>

namespace pith::test {

void require(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void use_simd_target(std::size_t number) {
  static const std::vector<SimdTarget> targets = simd_targets();
  static std::size_t current = targets.size();
  if (number % targets.size() == current) return;
  current = number % targets.size();
  // Without an end: finding out anew what the machine has takes longer than a run.
  alignas(SimdTargetGuard) static std::byte guard[sizeof(SimdTargetGuard)];
  new (guard) SimdTargetGuard(targets[current]);
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

void write_seed(const std::string& folder, const std::string& name, std::span<const std::byte> head,
                std::span<const std::byte> bytes) {
  std::ofstream out(folder + "/" + name, std::ios::binary);
  for (const auto part : {head, bytes}) {
    out.write(reinterpret_cast<const char*>(part.data()),
              static_cast<std::streamsize>(part.size()));
  }
  require(out.good(), "a seed can be written");
}

}  // namespace pith::test
