// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include <pith/core/bytes.h>

#include "fuzz/segment_checks.h"
#include "fuzz/segment_input.h"
#include "fuzz/segment_seeds.h"
#include "fuzz/support.h"

namespace pith::test {
namespace {

template <Element T>
SegmentChecks<T>& checks_of(std::size_t spec) {
  static std::deque<SegmentChecks<T>> all = [] {
    std::deque<SegmentChecks<T>> made;
    for (const std::string& text : words_of(PITH_FUZZ_SPECS)) made.emplace_back(text);
    return made;
  }();
  return all[spec % all.size()];
}

void run(std::span<const std::byte> input) {
  if (input.size() < sizeof(SegmentInput)) return;
  const auto head = load<SegmentInput>(input, 0);
  const auto rest = input.subspan(sizeof(SegmentInput));
  const Bytes bytes(rest.begin(), rest.end());  // a copy, so that reads beyond its end are seen
  const Segment segment{bytes, head.first % (std::uint64_t{1} << 40)};
  const std::size_t window = std::uint64_t{head.n} * head.window / 256;
  use_simd_target(head.simd);
  if (head.type % 2 == 0) {
    checks_of<float>(head.spec).run(segment, head.n, window);
  } else {
    checks_of<double>(head.spec).run(segment, head.n, window);
  }
}

}  // namespace
}  // namespace pith::test

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  pith::test::write_seeds_if_asked(*argc, *argv, [](const std::string& folder) {
    pith::test::write_segment_seeds(pith::test::words_of(PITH_FUZZ_SPECS), folder);
  });
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pith::test::run(std::as_bytes(std::span(data, size)));
  return 0;
}
