// RowGrid: how the threads of a launch share an NHWC map of `images` x `pixels` x `channels`.
//
// A block is columns x rows threads. A column owns one vector of neighbouring channels, so that a warp reads neighbouring
// addresses; a row owns every rows-th pixel of the block's slab, a contiguous run of one image's pixels. The grid is
// image x slab x tile of channels. Reductions over pixels merge the rows of a block, then the slabs in a second kernel.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "core/shape.h"

namespace attune::cuda {

struct RowGrid {
  int columns, rows;  // of a block's threads
  std::int64_t images, slabs, tiles;

  dim3 grid() const {
    return {checked_cast<unsigned>(images), checked_cast<unsigned>(slabs), checked_cast<unsigned>(tiles)};
  }
  dim3 block() const { return {static_cast<unsigned>(columns), static_cast<unsigned>(rows)}; }
};

constexpr int row_grid_threads = 256;
// Wider tiles shorten the tree over the rows; at 64 columns of 16 bytes a row is already 8 full cache lines.
constexpr int row_grid_columns = 64;
// 4 blocks of 256 threads are what 64 registers a thread allow on a multiprocessor, and 4 vectors of 16 bytes in flight a
// thread are then 64 KiB: about twice what latency times bandwidth asks of an H100 (3.35 TB/s, 0.8 us, 132 of them).
constexpr std::int64_t blocks_per_multiprocessor = 4;
// Fewer pixels a thread would spend more on setting up and merging than on the pixels.
constexpr std::int64_t pixels_per_thread = 4;

// A kernel of which fewer `blocks` fit on a multiprocessor plans with these: a second round of few blocks would take as long
// as the first. At least one block an image, even without pixels or channels, so that every image's results are written.
inline RowGrid plan_row_grid(std::int64_t images, std::int64_t pixels, std::int64_t channels,
                             int vector_width, int multiprocessors,
                             std::int64_t blocks = blocks_per_multiprocessor) {
  const auto divide_up = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  const std::int64_t vectors = std::max<std::int64_t>(1, divide_up(channels, vector_width));
  RowGrid plan = {};
  plan.images = images;
  plan.tiles = divide_up(vectors, row_grid_columns);
  plan.columns = static_cast<int>(divide_up(vectors, plan.tiles));
  plan.rows = row_grid_threads / plan.columns;
  plan.slabs = std::clamp<std::int64_t>(
      divide_up(pixels, plan.rows * pixels_per_thread), 1,
      std::max<std::int64_t>(1, multiprocessors * blocks / std::max<std::int64_t>(1, images * plan.tiles)));
  return plan;
}

}  // namespace attune::cuda
