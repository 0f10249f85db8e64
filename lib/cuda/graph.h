// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include <pith/core/device_span.h>

struct CUgraphExec_st;

namespace pith::cuda {

/// Work that is put into streams as a whole: what `work` puts into `stream`, which is not carried
/// out then. Launching it takes one call, whatever the number of kernels.
/// Throws   DeviceError, also if the work waits or allocates; what `work` throws.
class Graph {
 public:
  Graph(DeviceStream stream, const std::function<void()>& work);
  void launch(DeviceStream stream) const;

 private:
  struct Destroy {
    void operator()(CUgraphExec_st* graph) const;
  };
  std::unique_ptr<CUgraphExec_st, Destroy> graph_;
};

}  // namespace pith::cuda
