#include "core/replay.h"

#ifdef ATTUNE_WITH_CUDA
#include "core/cuda_check.h"
#endif

namespace attune {

#ifdef ATTUNE_WITH_CUDA

namespace {

struct GraphDeleter {
  void operator()(cudaGraph_t graph) const { static_cast<void>(cudaGraphDestroy(graph)); }
};
using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, GraphDeleter>;

// What `work` enqueues on the stream. Whatever it throws, the stream stops capturing.
Graph captured(cudaStream_t stream, const std::function<void()>& work) {
  cuda_check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    if (cudaStreamEndCapture(stream, &graph) == cudaSuccess) Graph{graph}.reset();
    static_cast<void>(cudaGetLastError());
    throw;
  }
  cuda_check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  return Graph{graph};
}

}  // namespace

void Replay::Deleter::operator()(void* executable) const noexcept {
  static_cast<void>(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(executable)));
}

// Equal kernels with other arguments are updated in place, which takes microseconds; else the graph is built anew.
void Replay::capture(Context& context, const std::function<void()>& work) {
  const auto stream = static_cast<cudaStream_t>(context.stream());
  const Graph graph = captured(stream, work);
  cudaGraphExecUpdateResultInfo difference = {};
  if (!executable_ || cudaGraphExecUpdate(static_cast<cudaGraphExec_t>(executable_.get()), graph.get(),
                                          &difference) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    cudaGraphExec_t executable = nullptr;
    cuda_check(cudaGraphInstantiate(&executable, graph.get(), 0), "cudaGraphInstantiate");
    executable_.reset(executable);
  }
  cuda_check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(executable_.get()), stream), "cudaGraphLaunch");
}

#else

void Replay::Deleter::operator()(void*) const noexcept {}
void Replay::capture(Context&, const std::function<void()>&) {}

#endif

void Replay::run(Context& context, const std::function<void()>& work) {
  if (context.device().kind == DeviceKind::cuda && warm_) return capture(context, work);
  work();
  warm_ = true;
}

}  // namespace attune
