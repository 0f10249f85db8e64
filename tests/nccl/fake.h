// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <pith/nccl/library.cuh>

namespace pith::test {

/// NCCL for ranks that are threads, over the emulated device: what the ranks' calls ask for is done
/// once the streams of all of them have come to it, and if it does not fit it is an error on all.
/// Calls that do not block say ncclInProgress first. One at a time.
class FakeNccl {
 public:
  FakeNccl();
  ~FakeNccl();

  const nccl::Library& library() const;

  /// What this rank has called so far, in order: "AllReduce 7 float32 sum", "GroupStart", ...
  std::vector<std::string> calls(int rank) const;

  /// The streams of these calls, those that have one.
  std::vector<cudaStream_t> streams(int rank) const;

  /// Makes no ids from now on.
  void lose_network();

  /// From now on this rank is told of an error, and its stream stops before what comes next.
  void fail(int rank);

  struct World;

 private:
  std::shared_ptr<World> world_;
};

}  // namespace pith::test
