// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pith/compressors/index_coding.h>

namespace pith::test {

/// What a coder writes for indices below n, one bit after the other as docs/wire_format.md has it:
/// the plain version that the fast ones are compared with.
std::vector<std::byte> reference_indices(IndexCoding coding,
                                         const std::vector<std::uint32_t>& indices, std::size_t n);

}  // namespace pith::test
