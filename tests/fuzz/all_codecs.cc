// SPDX-License-Identifier: Apache-2.0
// Fails, with its name, if a codec of the registry is in no target's list.
#include <cstdio>

#include <pith/compressors/registry.h>

#include "fuzz/support.h"

int main() {
  const auto specs = pith::test::words_of(PITH_FUZZ_SPECS);
  int missing = 0;
  for (const pith::CompressorEntry& entry : pith::compressors()) {
    const auto fuzzed = std::ranges::any_of(specs, [&](const std::string& spec) {
      return std::ranges::count(pith::parse_pipeline(spec), entry.name, &pith::Spec::name) > 0;
    });
    if (!entry.message || fuzzed) continue;
    std::printf("%s has no pith_fuzz() in tests/fuzz/CMakeLists.txt\n", entry.example.data());
    ++missing;
  }
  return missing;
}
