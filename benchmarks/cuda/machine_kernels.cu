// Streams: grid-stride over vectors of 16 bytes, 4 of them in flight a thread, 8 blocks a multiprocessor; every byte is moved
// once. Multiply-adds: 4 blocks a multiprocessor, 8 independent chains a thread (a warp, on tensor cores) and no memory
// traffic but a store that never happens.
#include "benchmarks/cuda/machine_kernels.h"

#include "core/cuda/flat_grid.cuh"
#include "core/cuda/launch.cuh"
#include "core/cuda/mma.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"

namespace attune::bench {

namespace {

using namespace attune::cuda;

constexpr int batch = 4;  // vectors in flight a thread
// 8 warps a scheduler, all resident at once, times 8 outlast the latency of a multiply-add (4 cycles) and of mma.sync (33).
constexpr int chains = 8;
#ifdef ATTUNE_CUDA_ON_HOST
constexpr int arithmetic_blocks = 1;  // that it runs is all there is to see
#else
constexpr int arithmetic_blocks = 4;  // a multiprocessor
#endif

// A value that no sum here has, which the compiler cannot know.
__device__ bool cannot_be(float value) { return value == -1.5e30f; }

__global__ void __launch_bounds__(flat_grid_threads)
    read_kernel(const float* __restrict__ from, std::int64_t vectors, float* __restrict__ sink) {
  float sum = 0;
  walk_pixels<batch>(
      flat_grid_first(), vectors, flat_grid_step(),
      [&](std::int64_t vector) { return load_packed<4>(from + vector * 4); },
      [&](std::int64_t, const Packed<float, 4>& packed) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sum += packed.element[i];
      });
  if (cannot_be(sum)) *sink = sum;
}

__global__ void __launch_bounds__(flat_grid_threads)
    copy_kernel(const float* __restrict__ from, float* __restrict__ to, std::int64_t vectors) {
  walk_pixels<batch>(
      flat_grid_first(), vectors, flat_grid_step(),
      [&](std::int64_t vector) { return load_packed<4>(from + vector * 4); },
      [&](std::int64_t vector, const Packed<float, 4>& packed) {
        *reinterpret_cast<Packed<float, 4>*>(to + vector * 4) = packed;
      });
}

__global__ void __launch_bounds__(flat_grid_threads)
    multiply_add_kernel(int repeats, float factor, float term, float* __restrict__ sink) {
  float sums[chains];
#pragma unroll
  for (int i = 0; i < chains; ++i) sums[i] = static_cast<float>(threadIdx.x + i);
#pragma unroll 4
  for (int repeat = 0; repeat < repeats; ++repeat) {
#pragma unroll
    for (int i = 0; i < chains; ++i) sums[i] = sums[i] * factor + term;
  }
  float sum = 0;
#pragma unroll
  for (int i = 0; i < chains; ++i) sum += sums[i];
  if (cannot_be(sum)) *sink = sum;
}

__global__ void __launch_bounds__(flat_grid_threads)
    tensor_core_kernel(int repeats, float* __restrict__ sink) {
  const float x = 1.0f / static_cast<float>(threadIdx.x + 3);
  const std::uint32_t pair = bf16_pair(x, -x), other = bf16_pair(-x, 0.5f * x);
  const std::uint32_t a[4] = {pair, other, pair, other}, b[2] = {pair, other};
  float sums[chains][4];
#pragma unroll
  for (int i = 0; i < 4 * chains; ++i)
    sums[i / 4][i % 4] = static_cast<float>(i);  // equal chains could be merged
#pragma unroll 2
  for (int repeat = 0; repeat < repeats; ++repeat) {
#pragma unroll
    for (int i = 0; i < chains; ++i) mma_m16n8k16(a, b, sums[i]);
  }
  float sum = 0;
#pragma unroll
  for (int i = 0; i < chains; ++i) sum += sums[i][0] + sums[i][1] + sums[i][2] + sums[i][3];
  if (cannot_be(sum)) *sink = sum;
}

dim3 stream_grid(std::int64_t count) { return dim3(flat_grid_blocks(count / 4, multiprocessor_count())); }
int arithmetic_grid() { return multiprocessor_count() * arithmetic_blocks; }

}  // namespace

void stream_read(Context& context, const float* from, std::int64_t count, float* sink) {
  launch("stream: read_kernel", stream_of(context), stream_grid(count), dim3(flat_grid_threads), 0,
         read_kernel, from, count / 4, sink);
}

void stream_copy(Context& context, const float* from, float* to, std::int64_t count) {
  launch("stream: copy_kernel", stream_of(context), stream_grid(count), dim3(flat_grid_threads), 0,
         copy_kernel, from, to, count / 4);
}

double multiply_add_f32(Context& context, int repeats, float* sink) {
  const int blocks = arithmetic_grid();
  launch("fma: multiply_add_kernel", stream_of(context), dim3(static_cast<unsigned>(blocks)),
         dim3(flat_grid_threads), 0, multiply_add_kernel, repeats, 0.999f, 1e-3f, sink);
  return 2.0 * chains * repeats * blocks * flat_grid_threads;
}

double multiply_add_bf16(Context& context, int repeats, float* sink) {
  constexpr double flops_per_instruction = 2.0 * 16 * 8 * 16;
  const int blocks = arithmetic_grid(), warps = flat_grid_threads / warp_size;
  launch("fma: tensor_core_kernel", stream_of(context), dim3(static_cast<unsigned>(blocks)),
         dim3(flat_grid_threads), 0, tensor_core_kernel, repeats, sink);
  return flops_per_instruction * chains * repeats * blocks * warps;
}

}  // namespace attune::bench
