// A launch over a flat array: each thread owns every step-th vector, and the elements behind the last whole vector go
// to the first threads of the grid.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "core/cuda/vector.cuh"
#include "core/shape.h"

namespace attune::cuda {

constexpr int flat_grid_threads = 256;
// 8 blocks of 256 threads fill a multiprocessor; one load of 16 bytes a thread is then 32 KiB in flight, more than the 20
// that latency times bandwidth asks of an H100 (3.35 TB/s, 0.8 us, 132 of them).
constexpr std::int64_t flat_blocks_per_multiprocessor = 8;

inline unsigned flat_grid_blocks(std::int64_t vectors, int multiprocessors) {
  return static_cast<unsigned>(std::clamp<std::int64_t>((vectors + flat_grid_threads - 1) / flat_grid_threads,
                                                        1, multiprocessors * flat_blocks_per_multiprocessor));
}

__device__ inline std::int64_t flat_grid_first() {
  return std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t flat_grid_step() { return std::int64_t{gridDim.x} * blockDim.x; }

}  // namespace attune::cuda
