// Streams and events: work waits in its stream until something synchronizes, so that a missing synchronization shows.
#pragma once

#include <functional>

#include "runtime.h"

namespace cuda_on_host {

cudaError_t copy_now(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t fill_now(void* data, int value, std::size_t bytes);

// Runs what all streams hold; faults stay pending.
void finish_all_work();

cudaError_t enqueue(cudaStream_t stream, Launch launch);
cudaError_t enqueue(cudaStream_t stream, std::function<cudaError_t()> operation);

}  // namespace cuda_on_host
