// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nccl.h>

namespace pith::nccl {

/// The functions of NCCL that are used; a test puts others in their place.
struct Library {
  decltype(&ncclGetVersion) get_version;
  decltype(&ncclGetErrorString) get_error_string;
  decltype(&ncclGetUniqueId) get_unique_id;
  decltype(&ncclCommInitRankConfig) comm_init_rank_config;
  decltype(&ncclCommGetAsyncError) comm_get_async_error;
  decltype(&ncclCommFinalize) comm_finalize;
  decltype(&ncclCommDestroy) comm_destroy;
  decltype(&ncclCommAbort) comm_abort;
  decltype(&ncclAllReduce) all_reduce;
  decltype(&ncclReduceScatter) reduce_scatter;
  decltype(&ncclAllGather) all_gather;
  decltype(&ncclBroadcast) broadcast;
  decltype(&ncclSend) send;
  decltype(&ncclRecv) recv;
  decltype(&ncclGroupStart) group_start;
  decltype(&ncclGroupEnd) group_end;
  decltype(&ncclRedOpCreatePreMulSum) red_op_create_pre_mul_sum;
  decltype(&ncclRedOpDestroy) red_op_destroy;
};

/// Loads a library of that name, for the rest of the process. Throws UsageError that names it if it
/// is not found, lacks a function or is older than 2.14, which made calls that do not block.
Library load(const std::string& name);

/// NCCL, libnccl.so.2, loaded by the first call. Throws as load().
const Library& real();

}  // namespace pith::nccl
