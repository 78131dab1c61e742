#include "core/context.h"

#include <thread>

#include "core/error.h"

#ifdef ATTUNE_WITH_CUDA
#include "core/cuda_check.h"
#endif

namespace attune {

namespace {

int default_threads() {
  const unsigned cores = std::thread::hardware_concurrency();
  return cores == 0 ? 1 : static_cast<int>(cores);
}

}  // namespace

Context::Context(Device device, int threads, const Allocator& allocator, void* stream)
    : device_(device),
      threads_(threads > 0 ? threads : default_threads()),
      allocator_(allocator),
      stream_(stream),
      owns_stream_(device.kind == DeviceKind::cuda && !stream) {
  if (device.kind != DeviceKind::cuda) return;
  require(built_with_cuda, ErrorKind::unsupported, "this build of attune has no CUDA backend");
  require(device.index >= 0 && device.index < cuda_device_count(), ErrorKind::unsupported, "no CUDA device ",
          device.index, " (", cuda_device_count(), " found)");
#ifdef ATTUNE_WITH_CUDA
  cuda_check(cudaSetDevice(device.index), "cudaSetDevice");
  if (!owns_stream_) return;
  cudaStream_t own = nullptr;
  cuda_check(cudaStreamCreateWithFlags(&own, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  stream_ = own;
#endif
}

Context::~Context() {
#ifdef ATTUNE_WITH_CUDA
  if (owns_stream_ && stream_) static_cast<void>(cudaStreamDestroy(static_cast<cudaStream_t>(stream_)));
#endif
}

bool Context::is_captured() const {
#ifdef ATTUNE_WITH_CUDA
  if (device_.kind == DeviceKind::cpu) return false;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  cuda_check(cudaStreamIsCapturing(static_cast<cudaStream_t>(stream_), &status), "cudaStreamIsCapturing");
  return status != cudaStreamCaptureStatusNone;
#else
  return false;
#endif
}

void Context::synchronize() const {
#ifdef ATTUNE_WITH_CUDA
  if (stream_) cuda_check(cudaStreamSynchronize(static_cast<cudaStream_t>(stream_)), "cudaStreamSynchronize");
#endif
}

void* Context::workspace(std::int64_t bytes) {
  if (bytes > workspace_bytes_) {
    workspace_.reset();  // first, so that old and new are never held together
    workspace_bytes_ = 0;
    workspace_ = allocate(device_, bytes, allocator_);
    workspace_bytes_ = bytes;
  }
  return workspace_.get();
}

void set_zero(Context& context, const TensorView& view) {
  const std::int64_t bytes = view.bytes();
  if (context.device().kind == DeviceKind::cpu) return fill_bytes(view.data, context.device(), 0, bytes);
#ifdef ATTUNE_WITH_CUDA
  cuda_check(cudaMemsetAsync(view.data, 0, static_cast<std::size_t>(bytes),
                             static_cast<cudaStream_t>(context.stream())),
             "cudaMemsetAsync");
#endif
}

}  // namespace attune
