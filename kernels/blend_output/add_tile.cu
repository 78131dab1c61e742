// A thread a sample, of which the neighbours in a row lie side by side in both arrays.
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "kernels/blend_output/add_tile.h"

namespace attune::blend_output::cuda {

namespace {

using namespace attune::cuda;

// What the kernel reads, and y from its first row and column on.
struct TileArrays {
  const float *tile, *rows, *columns;
  float* y;
  std::int64_t height, width, y_width;
};

__global__ void __launch_bounds__(line_grid_threads) add_tile_kernel(TileArrays a) {
  for_each_line(a.height, [&](std::int64_t row) {
    const float* const from = a.tile + 3 * row * a.width;
    float* const to = a.y + 3 * row * a.y_width;
    const float row_weight = a.rows[row];
    for (std::int64_t i = threadIdx.x; i < 3 * a.width; i += blockDim.x)
      to[i] += row_weight * a.columns[i / 3] * from[i];
  });
}

}  // namespace

void add_tile(Context& context, const AddTile& a) {
  const std::int64_t y_width = a.y.shape[1];
  const TileArrays arrays = {a.tile.as<float>(),
                             a.rows.as<float>(),
                             a.columns.as<float>(),
                             a.y.as<float>() + 3 * (a.first_row * y_width + a.first_column),
                             a.tile.shape[0],
                             a.tile.shape[1],
                             y_width};
  const LineGrid plan = plan_line_grid(arrays.height, 3 * arrays.width, multiprocessor_count());
  launch("blend_output: add_tile_kernel", stream_of(context), plan.grid, plan.block, 0, add_tile_kernel,
         arrays);
}

}  // namespace attune::blend_output::cuda
