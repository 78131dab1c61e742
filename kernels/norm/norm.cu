// Two stages in a fixed order: a block adds the squares of its elements in double and writes one partial; one block adds
// the partials. 4 bytes an element are read once; double costs nothing beside them (1 multiply-add per 4 bytes).
#include "kernels/norm/norm.h"

#include "core/cuda/element_type.h"
#include "core/cuda/flat_grid.cuh"
#include "core/cuda/launch.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"

namespace attune::norm::cuda {

namespace {

using namespace attune::cuda;

// Vectors that a thread has in flight.
constexpr int batch = 4;
// What a block sums at least: fewer would cost more in the second stage than it saves in the first.
constexpr std::int64_t vectors_per_thread = 4;

// x is cut into whole vectors; the `rest` elements behind them go to the first threads of the grid.
template <int width>
__global__ void __launch_bounds__(flat_grid_threads)
    partial_kernel(const float* __restrict__ x, std::int64_t elements, double* __restrict__ partials) {
  double sum = 0;
  const std::int64_t vectors = elements / width, rest = elements % width;
  walk_pixels<batch>(
      flat_grid_first(), vectors, flat_grid_step(),
      [&](std::int64_t vector) { return load_packed<width>(x + vector * width); },
      [&](std::int64_t, const Packed<float, width>& packed) {
#pragma unroll
        for (int i = 0; i < width; ++i) {
          const double value = packed.element[i];
          sum += value * value;
        }
      });
  if (flat_grid_first() < rest) {
    const double value = x[vectors * width + flat_grid_first()];
    sum += value * value;
  }
  sum = block_reduce(sum, 0.0, Sum());
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(flat_grid_threads)
    finish_kernel(const double* __restrict__ partials, unsigned count, float* __restrict__ norm) {
  double sum = 0;
  for (unsigned i = threadIdx.x; i < count; i += blockDim.x) sum += partials[i];
  sum = block_reduce(sum, 0.0, Sum());
  if (threadIdx.x == 0) *norm = static_cast<float>(sqrt(sum));
}

unsigned count_blocks(std::int64_t elements, int width) {
  return flat_grid_blocks(elements / (width * vectors_per_thread), multiprocessor_count());
}

template <int width>
void forward_as(Context& context, const Forward& a) {
  const std::int64_t elements = a.x.elements();
  const unsigned blocks = count_blocks(elements, width);
  auto* partials = static_cast<double*>(context.workspace(workspace_bytes(elements)));
  launch("norm: partial_kernel", stream_of(context), dim3(blocks), dim3(flat_grid_threads), 0,
         partial_kernel<width>, a.x.as<float>(), elements, partials);
  launch("norm: finish_kernel", stream_of(context), dim3(1), dim3(flat_grid_threads), 0, finish_kernel,
         partials, blocks, a.norm.as<float>());
}

}  // namespace

void forward(Context& context, const Forward& a) {
  require_f32("norm", a.x.dtype);
  aligned_to_vector(a.x.data) ? forward_as<vector_width<float>>(context, a) : forward_as<1>(context, a);
}

// For unaligned x, which takes the most blocks.
std::int64_t workspace_bytes(std::int64_t elements) {
  return checked_multiply(count_blocks(elements, 1), sizeof(double));
}

}  // namespace attune::norm::cuda
