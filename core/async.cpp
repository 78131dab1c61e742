#include "core/async.h"

#include <cstdlib>
#include <cstring>

#ifdef ATTUNE_WITH_CUDA
#include "core/cuda_check.h"
#endif

namespace attune {

#ifdef ATTUNE_WITH_CUDA
namespace {

cudaStream_t stream_of(const Context& context) { return static_cast<cudaStream_t>(context.stream()); }

void* allocate_page_locked(std::size_t bytes) {
  void* data = nullptr;
  if (cudaMallocHost(&data, bytes) == cudaSuccess) return data;
  static_cast<void>(cudaGetLastError());
  fail(ErrorKind::out_of_memory, "out of page-locked memory: asked for ", bytes, " bytes");
}

}  // namespace
#endif

HostBuffer::HostBuffer(Shape shape, DType dtype, Device device) : shape_(shape), dtype_(dtype) {
  const std::int64_t bytes = checked_multiply(shape.elements(), size_of(dtype));
  if (device.kind == DeviceKind::cpu) {
    memory_ = {allocate(device, bytes).release(), Deleter{false}};
    return;
  }
#ifdef ATTUNE_WITH_CUDA
  memory_ = {allocate_page_locked(static_cast<std::size_t>(bytes)), Deleter{true}};
#endif
}

void HostBuffer::Deleter::operator()(void* data) const noexcept {
#ifdef ATTUNE_WITH_CUDA
  if (page_locked) {
    static_cast<void>(cudaFreeHost(data));
    return;
  }
#endif
  std::free(data);
}

void copy_async(Context& context, const TensorView& target, const ConstTensorView& source) {
  require(target.shape == source.shape && target.dtype == source.dtype, ErrorKind::internal, "copy from ",
          source.shape, " to ", target.shape);
  const auto bytes = static_cast<std::size_t>(target.bytes());
  if (bytes == 0) return;
  if (context.device().kind == DeviceKind::cpu) {
    std::memcpy(target.data, source.data, bytes);
    return;
  }
#ifdef ATTUNE_WITH_CUDA
  cuda_check(cudaMemcpyAsync(target.data, source.data, bytes, cudaMemcpyDefault, stream_of(context)),
             "cudaMemcpyAsync");
#endif
}

#ifdef ATTUNE_WITH_CUDA
Event::Event(Device device) {
  if (device.kind == DeviceKind::cpu) return;
  cudaEvent_t event = nullptr;
  cuda_check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  event_.reset(event);
}
void Event::Deleter::operator()(void* event) const noexcept {
  static_cast<void>(cudaEventDestroy(static_cast<cudaEvent_t>(event)));
}
void Event::record(const Context& context) {
  if (event_)
    cuda_check(cudaEventRecord(static_cast<cudaEvent_t>(event_.get()), stream_of(context)),
               "cudaEventRecord");
}
void Event::hold_back(const Context& context) const {
  if (event_)
    cuda_check(cudaStreamWaitEvent(stream_of(context), static_cast<cudaEvent_t>(event_.get()), 0),
               "cudaStreamWaitEvent");
}
void Event::synchronize() const {
  if (event_)
    cuda_check(cudaEventSynchronize(static_cast<cudaEvent_t>(event_.get())), "cudaEventSynchronize");
}
#else
Event::Event(Device) {}
void Event::Deleter::operator()(void*) const noexcept {}
void Event::record(const Context&) {}
void Event::hold_back(const Context&) const {}
void Event::synchronize() const {}
#endif

}  // namespace attune
