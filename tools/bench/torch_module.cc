// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include "topk_step.h"

namespace pith::bench {

// LibTorch brings some hundred libraries, which would take longer to load than most benchmarks run:
// it stays in a module that only those open who ask for its arm.
std::unique_ptr<TopKStep> make_torch_step(const TopKCase& topk) {
  static void* const module = dlopen("pith_bench_torch.so", RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) return nullptr;
  const auto make = reinterpret_cast<TorchStepMaker*>(dlsym(module, kTorchStepMaker));
  return make == nullptr ? nullptr : std::unique_ptr<TopKStep>(make(topk));
}

}  // namespace pith::bench
