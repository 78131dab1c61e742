// Launching kernels: one call with grid, block and stream, checked.
#pragma once

#include <cuda_runtime.h>

#include <utility>

#include "core/context.h"
#include "core/cuda_check.h"

namespace attune::cuda {

constexpr int warp_size = 32;

inline cudaStream_t stream_of(const Context& context) { return static_cast<cudaStream_t>(context.stream()); }

// Of the current device, which a context makes current; read from the driver's cache in well under a microsecond.
inline int multiprocessor_count() {
  int device = 0, count = 0;
  cuda_check(cudaGetDevice(&device), "cudaGetDevice");
  cuda_check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device),
             "cudaDeviceGetAttribute");
  return count;
}

// Throws ErrorKind::device, with `name`, where the configuration is invalid. What goes wrong while the kernel runs
// surfaces when its stream is synchronized.
template <class... Parameters, class... Arguments>
void launch(const char* name, cudaStream_t stream, dim3 grid, dim3 block, std::size_t dynamic_shared_bytes,
            void (*kernel)(Parameters...), Arguments&&... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = dynamic_shared_bytes;
  config.stream = stream;
  cuda_check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), name);
}

}  // namespace attune::cuda
