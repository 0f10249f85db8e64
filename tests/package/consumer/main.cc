// SPDX-License-Identifier: Apache-2.0
// A project outside of Pith's tree that uses the installed package.

#include <cstdio>
#include <vector>

#include <pith/comm/local.h>
#ifdef HAS_MPI
#include <pith/mpi/communicator.h>
#endif

int main() {
  int wrong = 0;
  pith::run_local(2, [&](pith::Communicator& comm) {
    std::vector<float> x(1000, static_cast<float>(comm.rank()));
    comm.all_reduce(x);
    if (comm.rank() == 0) {
      for (const float value : x) wrong += value != 1.0f;
    }
  });
  std::printf("consumer: %d wrong values\n", wrong);
  return wrong == 0 ? 0 : 1;
}
