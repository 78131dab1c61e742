// First the nearest row with a share is found along every column, of either region; then each cell without one looks along its
// row, to the left and right at once, no farther than the best it has found.
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/shape.h"
#include "kernels/fill_ignored/fill_ignored.h"

namespace attune::fill_ignored::cuda {

namespace {

using namespace attune::cuda;

constexpr int regions = 2, none = -1;
constexpr int column_threads = 64;

// [h, w] each, and the workspace [regions, h, w]: the row of its column's nearest cell with a share, or none.
struct Maps {
  float* colours;
  const float *mask, *shares;
  int* nearest;
  int height, width;

  __device__ std::int64_t index(int y, int x) const { return std::int64_t{y} * width + x; }
  __device__ int region(std::int64_t cell) const { return mask[cell] >= 0.5f ? 1 : 0; }
  __device__ int* nearest_of(int region) const { return nearest + region * (std::int64_t{height} * width); }
};

// Grid: columns x regions.
__global__ void __launch_bounds__(column_threads) nearest_kernel(Maps a) {
  const auto x = static_cast<int>(blockIdx.x * column_threads + threadIdx.x);
  if (x >= a.width) return;
  const auto region = static_cast<int>(blockIdx.y);
  int* const nearest = a.nearest_of(region);
  const auto is_source = [&](std::int64_t cell) { return a.shares[cell] > 0 && a.region(cell) == region; };
  int above = none;
  for (int y = 0; y < a.height; ++y) {
    const std::int64_t cell = a.index(y, x);
    if (is_source(cell)) above = y;
    nearest[cell] = above;
  }
  int below = none;
  for (int y = a.height - 1; y >= 0; --y) {
    const std::int64_t cell = a.index(y, x);
    if (is_source(cell)) below = y;
    above = nearest[cell];
    // Of two as far the one above comes first in reading order.
    if (below != none && (above == none || below - y < y - above)) nearest[cell] = below;
  }
}

// The nearest cell of a region with a share, or none.
__device__ std::int64_t nearest_cell(const Maps& a, int region, int y, int x) {
  const int* const nearest = a.nearest_of(region);
  std::int64_t found = none;
  std::int64_t distance = std::int64_t{a.height} + a.width;
  const auto look_at = [&](int column, int steps) {
    if (column < 0 || column >= a.width) return;
    const int row = nearest[a.index(y, column)];
    if (row == none) return;
    const std::int64_t cell = a.index(row, column);
    const std::int64_t there = std::int64_t{steps} + abs(row - y);
    if (there > distance || (there == distance && cell > found)) return;
    distance = there;
    found = cell;
  };
  // As far as a cell of the same distance may still come first.
  for (int steps = 0; steps <= distance && steps < a.width; ++steps) {
    look_at(x - steps, steps);
    look_at(x + steps, steps);
  }
  return found;
}

// Reads colours of cells with a share alone, and writes those of the others.
__global__ void __launch_bounds__(line_grid_threads) fill_kernel(Maps a) {
  for_each_line(a.height, [&](std::int64_t row) {
    const auto y = static_cast<int>(row);
    for (auto x = static_cast<int>(threadIdx.x); x < a.width; x += static_cast<int>(blockDim.x)) {
      const std::int64_t cell = a.index(y, x);
      if (a.shares[cell] > 0) continue;
      const int own = a.region(cell);
      std::int64_t source = nearest_cell(a, own, y, x);
      if (source == none) source = nearest_cell(a, 1 - own, y, x);
      if (source == none) continue;
      for (int c = 0; c < 3; ++c) a.colours[3 * cell + c] = a.colours[3 * source + c];
    }
  });
}

}  // namespace

void forward(Context& context, const Forward& a) {
  const auto height = static_cast<int>(a.mask.shape[0]), width = static_cast<int>(a.mask.shape[1]);
  const Maps maps = {a.colours.as<float>(),
                     a.mask.as<float>(),
                     a.shares.as<float>(),
                     static_cast<int*>(context.workspace(workspace_bytes(height, width))),
                     height,
                     width};
  const std::int64_t blocks = (std::int64_t{width} + column_threads - 1) / column_threads;
  launch("fill_ignored: nearest_kernel", stream_of(context), dim3(static_cast<unsigned>(blocks), regions),
         dim3(column_threads), 0, nearest_kernel, maps);
  const LineGrid plan = plan_line_grid(height, width, multiprocessor_count());
  launch("fill_ignored: fill_kernel", stream_of(context), plan.grid, plan.block, 0, fill_kernel, maps);
}

std::int64_t workspace_bytes(std::int64_t height, std::int64_t width) {
  return checked_multiply(checked_multiply(height, width), regions * sizeof(int));
}

}  // namespace attune::fill_ignored::cuda
