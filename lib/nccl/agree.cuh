// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/comm/communicator.h>
#include <pith/nccl/communicator.h>

namespace pith::nccl {

/// Rank 0's new id, on all ranks. Collective; if one of them has no NCCL, or no device, a
/// UsageError on all that names the first such rank and its reason.
UniqueId agree(pith::Communicator& ranks, const Options& options);

}  // namespace pith::nccl
