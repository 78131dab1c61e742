// A thread a pixel: the network before it takes a thousand times as long.
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "kernels/blend_output/store_pixel.h"

namespace attune::blend_output::cuda {

namespace {

using namespace attune::cuda;

template <class S>
__global__ void __launch_bounds__(line_grid_threads) store_kernel(StoredRows a) {
  const float strength = a.enabled_strength();
  for_each_line(a.row_end - a.row_begin, [&](std::int64_t row) {
    for (std::int64_t column = threadIdx.x; column < a.width; column += blockDim.x)
      store_pixel<S>(a, strength, row, column);
  });
}

}  // namespace

void store_rows(Context& context, const StoredRows& a) {
  const LineGrid plan = plan_line_grid(a.row_end - a.row_begin, a.width, multiprocessor_count());
  with_sample_type(a.sample, [&](auto zero) {
    launch("blend_output: store_kernel", stream_of(context), plan.grid, plan.block, 0,
           store_kernel<decltype(zero)>, a);
  });
}

}  // namespace attune::blend_output::cuda
