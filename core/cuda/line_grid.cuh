// A launch over `lines` of `items` each, such as the rows of a batch of pictures and the groups of pixels in a row. A
// block is columns x rows threads; a thread owns every columns-th item of every (rows x blocks)-th line. A line's own
// index arithmetic, with its divisions, is done once a line.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "core/shape.h"

namespace attune::cuda {

constexpr int line_grid_threads = 256;
// As a flat grid's: 8 blocks fill a multiprocessor.
constexpr std::int64_t line_blocks_per_multiprocessor = 8;

struct LineGrid {
  dim3 grid, block;
};

inline LineGrid plan_line_grid(std::int64_t lines, std::int64_t items, int multiprocessors) {
  const std::int64_t columns = std::clamp<std::int64_t>(items, 1, line_grid_threads);
  const std::int64_t rows = line_grid_threads / columns;
  const std::int64_t blocks = std::clamp<std::int64_t>((lines + rows - 1) / rows, 1,
                                                       multiprocessors * line_blocks_per_multiprocessor);
  return {dim3(static_cast<unsigned>(blocks)),
          dim3(static_cast<unsigned>(columns), static_cast<unsigned>(rows))};
}

// body(line) for the lines of this thread; within it, its items are threadIdx.x + k blockDim.x.
template <class Body>
__device__ __forceinline__ void for_each_line(std::int64_t lines, const Body& body) {
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.y;
  for (std::int64_t line = std::int64_t{blockIdx.x} * blockDim.y + threadIdx.y; line < lines; line += step)
    body(line);
}

}  // namespace attune::cuda
