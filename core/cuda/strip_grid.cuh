// A launch over the rows of `images` maps, each of `items`: its columns times the vectors of a pixel. A thread owns one item
// of a strip of neighbouring rows and walks down it: what its column needs is computed once, and what neighbouring rows
// share is read once or found in L1. A block is columns x rows threads, a row of which owns a run of one strip's items.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "core/cuda/launch.cuh"
#include "core/shape.h"

namespace attune::cuda {

constexpr int strip_grid_threads = 256;
// Strips of more than one row need so many blocks a multiprocessor: two to four waves, or the last one's gap would cost more
// than the strips save.
constexpr std::int64_t strip_blocks_per_multiprocessor = 12;

struct StripGrid {
  int images, rows, items;
  int strip_rows, strips;  // of an image
  int chunks;              // blocks beside each other in a strip
  unsigned columns, block_strips, blocks;

  dim3 grid() const { return {blocks}; }
  dim3 block() const { return {columns, block_strips}; }
};

// All sizes are positive. Chunks have about the same number of items, in whole warps where a row needs several.
inline StripGrid plan_strip_grid(std::int64_t images, std::int64_t rows, std::int64_t items,
                                 std::int64_t most_strip_rows, int multiprocessors) {
  const auto divide_up = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  const std::int64_t share = divide_up(items, divide_up(items, strip_grid_threads));
  const std::int64_t columns = share < items ? divide_up(share, warp_size) * warp_size : items;
  const std::int64_t chunks = divide_up(items, columns), block_strips = strip_grid_threads / columns;
  const std::int64_t blocks_of_rows = divide_up(checked_multiply(images, rows), block_strips) * chunks;
  const std::int64_t strip_rows =
      std::clamp<std::int64_t>(blocks_of_rows / (multiprocessors * strip_blocks_per_multiprocessor), 1,
                               std::min(most_strip_rows, strip_grid_threads / block_strips));
  const std::int64_t strips = divide_up(rows, strip_rows);
  const auto blocks = checked_cast<std::int32_t>(divide_up(images * strips, block_strips) * chunks);
  return {checked_cast<int>(images),      checked_cast<int>(rows),
          checked_cast<int>(items),       static_cast<int>(strip_rows),
          static_cast<int>(strips),       static_cast<int>(chunks),
          static_cast<unsigned>(columns), static_cast<unsigned>(block_strips),
          static_cast<unsigned>(blocks)};
}

// A thread's item of the rows [begin, end) of an image: no rows behind the last image, and no item behind a row's last.
struct Strip {
  int item, image, begin, end;
  bool has_item;
};
__device__ __forceinline__ Strip strip_of_thread(const StripGrid& grid) {
  const unsigned chunks = static_cast<unsigned>(grid.chunks), strips = static_cast<unsigned>(grid.strips);
  const unsigned strip = blockIdx.x / chunks * blockDim.y + threadIdx.y;
  const int image = static_cast<int>(strip / strips);
  const int item = static_cast<int>(blockIdx.x % chunks * blockDim.x + threadIdx.x);
  const int begin = static_cast<int>(strip % strips) * grid.strip_rows;
  const bool inside = image < grid.images;
  return {item, image, begin, inside ? min(begin + grid.strip_rows, grid.rows) : begin,
          inside && item < grid.items};
}

}  // namespace attune::cuda
