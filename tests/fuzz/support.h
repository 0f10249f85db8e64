// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What all fuzz targets share. A target finds something by ending the process.
namespace pith::test {

using Bytes = std::vector<std::byte>;

/// Ends the process with `promise`, which was broken, unless `kept`.
void require(bool kept, const char* promise);

/// Whether two arrays have the same bits.
template <class V>
bool same_bits(std::span<const V> a, std::span<const V> b) {
  const auto bytes_a = std::as_bytes(a);
  const auto bytes_b = std::as_bytes(b);
  return bytes_a.size() == bytes_b.size() &&
         (bytes_a.empty() || __builtin_memcmp(bytes_a.data(), bytes_b.data(), bytes_a.size()) == 0);
}

/// Runs kernels on one of the machine's instruction sets from now on.
void use_simd_target(std::size_t number);

/// What is separated by blanks.
std::vector<std::string> words_of(std::string_view text);

/// Writes `head`, a struct, and then `bytes` to FOLDER/NAME.
void write_seed(const std::string& folder, const std::string& name, std::span<const std::byte> head,
                std::span<const std::byte> bytes);

/// If the arguments are --write-seeds FOLDER: calls write(folder) and ends the process.
template <class Write>
void write_seeds_if_asked(int argc, char** argv, Write write) {
  if (argc != 3 || std::string_view(argv[1]) != "--write-seeds") return;
  write(std::string(argv[2]));
  std::exit(0);
}

}  // namespace pith::test
