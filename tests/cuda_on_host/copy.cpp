// Copies and fills. Those from or to pageable host memory make the host wait, as the driver's staging may.
#include "host_memory.h"
#include "memory.h"
#include "stream.h"
#include "whole_access.h"

namespace cuda_on_host {

namespace {

// False for a range that starts in device memory but leaves its allocation, or that the kind says lies elsewhere.
bool valid_range(const void* data, std::size_t bytes, bool must_be_device) {
  return bytes == 0 || find_allocation(data, bytes) || (!must_be_device && !find_allocation(data, 1));
}

bool valid_copy(const void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  return valid_range(target, bytes, to_device) && valid_range(source, bytes, from_device);
}

bool is_pageable(const void* data, std::size_t bytes) {
  return bytes > 0 && !find_allocation(data, bytes) && !is_pinned(data, bytes);
}

cudaError_t copy_now(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  if (!valid_copy(target, source, bytes, kind)) return cudaErrorInvalidValue;
  if (bytes == 0) return cudaSuccess;
  DeviceAllocation *from = find_allocation(source, bytes), *to = find_allocation(target, bytes);
  WholeAccess access;
  const auto unwritten = from ? from->shadow.first_unwritten(from->offset_of(source), bytes) : std::nullopt;
  if (unwritten && !to)
    report_fault("a copy to the host reads unwritten " + describe_word(*from, *unwritten));
  if (from) access.read(*from, from->offset_of(source), bytes);
  if (to) access.write(*to, to->offset_of(target), bytes);
  if (to && unwritten)
    to->shadow.copy_written(to->offset_of(target), from->shadow, from->offset_of(source), bytes);
  std::memmove(target, source, bytes);
  return cudaSuccess;
}

cudaError_t fill_now(void* data, int value, std::size_t bytes) {
  if (!valid_range(data, bytes, true)) return cudaErrorInvalidValue;
  if (bytes == 0) return cudaSuccess;
  DeviceAllocation* allocation = find_allocation(data, bytes);
  WholeAccess().write(*allocation, allocation->offset_of(data), bytes);
  std::memset(data, value, bytes);
  return cudaSuccess;
}

Work copy_work(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  return [=]() -> Operation {
    const auto read = watch_pinned(source, bytes, PinnedUse::Role::source);
    const auto written = watch_pinned(target, bytes, PinnedUse::Role::target);
    return [=] {
      if (read) read->check();
      if (written) written->check();
      return copy_now(target, source, bytes, kind);
    };
  };
}

cudaError_t copy_and_wait(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream) {
  if (!valid_copy(target, source, bytes, kind)) return set_last_error(cudaErrorInvalidValue);
  const cudaError_t submitted =
                        submit(is_default(stream) ? nullptr : stream, copy_work(target, source, bytes, kind)),
                    error = wait_for_stream(stream);
  return finish(submitted != cudaSuccess ? submitted : error);
}

}  // namespace

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaMemcpy(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  const std::lock_guard lock(runtime_lock());
  const cudaError_t refused = refuse_unsafe_in_capture();
  if (refused != cudaSuccess) return refused;
  ++counters_now().synchronizations;
  return copy_and_wait(target, source, bytes, kind, streams().front());
}

cudaError_t cudaMemset(void* data, int value, std::size_t bytes) {
  return cudaMemsetAsync(data, value, bytes, nullptr);
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t handle) {
  const std::lock_guard lock(runtime_lock());
  cudaStream_t stream = find_stream(handle);
  if (!stream) return set_last_error(cudaErrorInvalidResourceHandle);
  if (!valid_copy(target, source, bytes, kind)) return set_last_error(cudaErrorInvalidValue);
  if (!is_pageable(target, bytes) && !is_pageable(source, bytes))
    return submit(stream, copy_work(target, source, bytes, kind));
  ++counters_now().pageable_copies;
  const cudaError_t refused = refuse_capture(stream->capture, cudaErrorStreamCaptureUnsupported);
  if (refused != cudaSuccess) return refused;
  return copy_and_wait(target, source, bytes, kind, stream);
}

cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream) {
  const std::lock_guard lock(runtime_lock());
  if (!valid_range(data, bytes, true)) return set_last_error(cudaErrorInvalidValue);
  return submit(stream, work_of([=] { return fill_now(data, value, bytes); }));
}
