// SPDX-License-Identifier: Apache-2.0
#include "fuzz/segment_seeds.h"

#include <pith/compressors/registry.h>

#include "compressors/inputs.h"
#include "fuzz/segment_input.h"
#include "fuzz/support.h"

namespace pith::test {
namespace {

constexpr std::size_t kElements = 101;
constexpr std::size_t kLargestSeed = 4000;  // bytes; run_one.sh goes up to 4096

// Encodes x, cut at `cut`, and writes the segment behind it.
template <Element T>
void write_rest(const std::string& folder, const std::string& spec, std::size_t number,
                const std::vector<T>& x, std::size_t cut) {
  const auto codec = make_message<T>(parse_pipeline(spec), Shape::flat(1));
  const std::vector<std::size_t> cuts{0, cut, x.size()};
  Bytes bytes(codec->max_wire_bytes(x.size(), 2));
  std::vector<std::size_t> sizes(2);
  Scratch scratch;
  codec->encode(x, cuts, {}, {bytes, sizes}, scratch);
  const SegmentInput head{.spec = static_cast<std::uint8_t>(number),
                          .type = sizeof(T) == sizeof(double),
                          .simd = 0,
                          .window = 96,
                          .n = static_cast<std::uint32_t>(x.size() - cut),
                          .first = cut};
  const auto segment = std::span(bytes).subspan(sizes[0], sizes[1]);
  if (segment.size() > kLargestSeed) return;
  const std::string name = std::to_string(number) + "-" + std::to_string(x.size()) +
                           (head.type == 0 ? "-float" : "-double");
  write_seed(folder, name, std::as_bytes(std::span(&head, 1)), segment);
}

}  // namespace

void write_segment_seeds(std::span<const std::string> specs, const std::string& folder) {
  // Odd sizes, so that the last bits of every array have an end to be checked; and numbers that
  // are nearly too large.
  std::vector<double> x = gaussian<double>(kElements);
  for (std::size_t i = kElements - 20; i < kElements; ++i) x[i] *= 1e307;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    write_rest(folder, specs[i], i, x, 40);
    write_rest(folder, specs[i], i, gaussian<float>(6 * kElements - 1), 0);
  }
  // Far between, so that gaps are long.
  std::vector<float> far(1'000'001);
  for (std::size_t j = 1; j < far.size(); j *= 3) far[j] = 3;
  far.back() = 3;
  write_rest(folder, specs[0], 0, far, 0);
}

}  // namespace pith::test
