// SPDX-License-Identifier: Apache-2.0
// A project outside of Pith's tree that uses the installed package.
#include <cstdio>
#include <vector>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/reducer/reducer.h>
#ifdef HAS_MPI
#include <pith/mpi/communicator.h>
#endif
#ifdef HAS_CUDA
#include <pith/comm/staged_communicator.h>
#endif
#ifdef HAS_NCCL
#include <pith/nccl/communicator.h>
#endif

namespace {

// Each rank's largest gradient lies elsewhere, so the mean of what top-k sends is known.
bool step_is_right(pith::Communicator& comm) {
  std::vector<float> gradient(4, 0.0f);
  gradient[static_cast<std::size_t>(comm.rank())] = 2.0f;
  gradient[3] = 0.5f;
  pith::Reducer reducer(comm, {.compressor = "topk(density=0.25)", .min_bytes = 0});
  reducer.add("weights", {2, 2});
  reducer.push("weights", std::span(gradient));
  return reducer.wait().committed && gradient == std::vector{1.0f, 1.0f, 0.0f, 0.0f};
}

bool sum_is_right(pith::Communicator& comm) {
  std::vector<float> x(1000, static_cast<float>(comm.rank()));
  comm.all_reduce(std::span(x));
  return x == std::vector(1000, 1.0f);
}

#ifdef HAS_CUDA
// Where there is no GPU, that is all there is to see.
void sum_on_the_device(pith::Communicator& comm) {
  if (pith::cuda::devices() == 0) return;
  const pith::cuda::Stream stream;
  const pith::cuda::DeviceBuffer<float> x(1000);
  pith::cuda::clear(x.span(), stream);
  pith::StagedCommunicator(comm).all_reduce(x.span(), stream);
}
#endif

#ifdef HAS_NCCL
// It may be missing here, which it says.
void ask_for_nccl(pith::Communicator& comm) {
  try {
    pith::nccl::make_unique_id();
  } catch (const pith::Error& error) {
    std::printf("consumer: rank %d: %s\n", comm.rank(), error.what());
  }
}
#endif

}  // namespace

int main() {
  std::vector<int> right(2);
  pith::run_local(2, [&](pith::Communicator& comm) {
    right[static_cast<std::size_t>(comm.rank())] = sum_is_right(comm) && step_is_right(comm);
#ifdef HAS_CUDA
    sum_on_the_device(comm);
#endif
#ifdef HAS_NCCL
    ask_for_nccl(comm);
#endif
  });
  std::printf("consumer: ranks right: %d %d\n", right[0], right[1]);
  return right[0] && right[1] ? 0 : 1;
}
