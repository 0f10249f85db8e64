// SPDX-License-Identifier: Apache-2.0
#include <pith/cuda/check.cuh>
#include <pith/cuda/graph.h>

namespace pith::cuda {
namespace {

// However it ends, the stream does work again.
cudaGraph_t capture(DeviceStream stream, const std::function<void()>& work) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  cudaGraph_t captured = nullptr;
  try {
    work();
  } catch (...) {
    static_cast<void>(cudaStreamEndCapture(stream, &captured));
    if (captured) static_cast<void>(cudaGraphDestroy(captured));
    static_cast<void>(cudaGetLastError());  // the trainer would take it for one of its own
    throw;
  }
  check(cudaStreamEndCapture(stream, &captured), "cudaStreamEndCapture");
  return captured;
}

}  // namespace

Graph::Graph(DeviceStream stream, const std::function<void()>& work) {
  const cudaGraph_t captured = capture(stream, work);
  cudaGraphExec_t made = nullptr;
  const cudaError_t code = cudaGraphInstantiate(&made, captured, 0);
  static_cast<void>(cudaGraphDestroy(captured));
  check(code, "cudaGraphInstantiate");
  graph_.reset(made);
}

void Graph::Destroy::operator()(CUgraphExec_st* graph) const {
  static_cast<void>(cudaGraphExecDestroy(graph));
}

void Graph::launch(DeviceStream stream) const {
  check(cudaGraphLaunch(graph_.get(), stream), "cudaGraphLaunch");
}

}  // namespace pith::cuda
