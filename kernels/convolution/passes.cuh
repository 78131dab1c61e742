// The passes around the library's products on CUDA, each reading and writing every element once. Private to this folder.
#pragma once

#include "core/cuda/flat_grid.cuh"
#include "core/cuda/launch.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/row_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"
#include "core/parallel.h"
#include "core/tensor.h"

namespace attune::convolution::passes {

using namespace attune::cuda;

// --- to = from, or to += from: weights rounded to bf16, gradients widened from it or added ---

// Elements a thread moves at once: as many as fill a vector of the wider type.
template <class From, class To>
inline constexpr int common_width = vector_bytes /
                                    static_cast<int>(sizeof(From) > sizeof(To) ? sizeof(From) : sizeof(To));

template <int width, bool accumulate, class From, class To>
__device__ void combine(const From* from, To* to) {
  float values[width];
  load<width>(from, values);
  if constexpr (accumulate) {
    float before[width];
    load<width>(to, before);
#pragma unroll
    for (int i = 0; i < width; ++i) values[i] += before[i];
  }
  store<width>(values, to);
}

// `width` > 1 needs aligned arrays; the elements behind the last whole vector go to the first threads.
template <class From, class To, int width, bool accumulate>
__global__ void __launch_bounds__(flat_grid_threads)
    combine_kernel(const From* __restrict__ from, std::int64_t elements, To* __restrict__ to) {
  const std::int64_t vectors = elements / width, rest = elements % width;
  for (std::int64_t vector = flat_grid_first(); vector < vectors; vector += flat_grid_step())
    combine<width, accumulate>(from + vector * width, to + vector * width);
  if (flat_grid_first() < rest) {
    const std::int64_t at = vectors * width + flat_grid_first();
    combine<1, accumulate>(from + at, to + at);
  }
}

template <class From, class To, int width>
void combine_as(Context& context, const From* from, std::int64_t elements, bool accumulate, To* to) {
  launch("convolution: combine_kernel", stream_of(context),
         dim3(flat_grid_blocks(elements / width, multiprocessor_count())), dim3(flat_grid_threads), 0,
         accumulate ? combine_kernel<From, To, width, true> : combine_kernel<From, To, width, false>, from,
         elements, to);
}

template <class From, class To>
void combine(Context& context, const From* from, std::int64_t elements, bool accumulate, To* to) {
  aligned_to_vector(from, to)
      ? combine_as<From, To, common_width<From, To>>(context, from, elements, accumulate, to)
      : combine_as<From, To, 1>(context, from, elements, accumulate, to);
}

// --- passes over the pixels of y: a block owns a slab of them and a tile of channels (core/cuda/row_grid.cuh) ---

// Vectors that a thread has in flight: row_grid.cuh counts on 4.
constexpr int batch = 4;

struct Size {
  std::int64_t pixels, channels, slabs;
};

// What a thread owns.
template <int width>
struct Part {
  std::int64_t channel;
  bool active;
  Range pixels;

  __device__ explicit Part(const Size& size)
      : channel((std::int64_t{blockIdx.z} * blockDim.x + threadIdx.x) * width),
        active(channel < size.channels),
        pixels(part_of(size.pixels, size.slabs, blockIdx.y)) {}
};

__device__ inline float activate(float z, float slope) { return z > 0 ? z : slope * z; }

// y = act(y + bias), in place. No barriers: threads without channels leave. `width` > 1 needs aligned rows.
template <class T, int width>
__global__ void __launch_bounds__(row_grid_threads)
    activate_kernel(const float* __restrict__ bias, Size size, float slope, T* y) {
  const Part<width> own(size);
  if (!own.active) return;
  float added[width];
#pragma unroll
  for (int i = 0; i < width; ++i) added[i] = bias[own.channel + i];
  T* const column = y + own.channel;
  walk_pixels<batch>(
      own.pixels.begin + threadIdx.y, own.pixels.end, blockDim.y,
      [&](std::int64_t pixel) { return load_packed<width>(column + pixel * size.channels); },
      [&](std::int64_t pixel, const Packed<T, width>& loaded) {
        float values[width];
        unpack(loaded, values);
#pragma unroll
        for (int i = 0; i < width; ++i) values[i] = activate(values[i] + added[i], slope);
        store<width>(values, column + pixel * size.channels);
      });
}

template <int width>
struct Sums {
  float value[width];

  __device__ void merge(const Sums& other) {
#pragma unroll
    for (int i = 0; i < width; ++i) value[i] += other.value[i];
  }
};

template <class T, int width>
struct Loaded {
  Packed<T, width> y, dy;
};

// dz = act' dy, unless there is no activation and dz is dy, and the sums of dz over each slab: [slabs, channels].
template <class T, int width, bool activated>
__global__ void __launch_bounds__(row_grid_threads)
    gradient_kernel(const T* __restrict__ y, const T* __restrict__ dy, Size size, float slope,
                    T* __restrict__ dz, float* __restrict__ partials) {
  const Part<width> own(size);
  Sums<width> sums = {};
  const std::int64_t offset = own.active ? own.channel : 0;
  walk_pixels<activated ? batch / 2 : batch>(
      own.pixels.begin + threadIdx.y, own.active ? own.pixels.end : own.pixels.begin, blockDim.y,
      [&](std::int64_t pixel) {
        Loaded<T, width> loaded = {};
        if constexpr (activated) loaded.y = load_packed<width>(y + offset + pixel * size.channels);
        loaded.dy = load_packed<width>(dy + offset + pixel * size.channels);
        return loaded;
      },
      [&](std::int64_t pixel, const Loaded<T, width>& loaded) {
        float gradient[width];
        unpack(loaded.dy, gradient);
        if constexpr (activated) {
          float values[width];
          unpack(loaded.y, values);
#pragma unroll
          for (int i = 0; i < width; ++i)
            if (!(values[i] > 0)) gradient[i] *= slope;
          store<width>(gradient, dz + offset + pixel * size.channels);
        }
#pragma unroll
        for (int i = 0; i < width; ++i) sums.value[i] += gradient[i];
      });
  __shared__ Sums<width> slots[row_grid_threads];
  reduce_rows(sums, slots);
  if (threadIdx.y == 0 && own.active)
    store<width>(sums.value, partials + std::int64_t{blockIdx.y} * size.channels + own.channel);
}

// A warp reads 32 neighbouring channels; 32 rows keep the walk over 500 slabs under 20 steps.
constexpr int finish_columns = 32, finish_rows = 32;

// dbias from the slabs' partials. Grid: a tile of channels.
template <bool accumulate>
__global__ void __launch_bounds__(finish_columns* finish_rows)
    finish_bias_kernel(const float* __restrict__ partials, Size size, float* __restrict__ dbias) {
  const std::int64_t channel = std::int64_t{blockIdx.x} * finish_columns + threadIdx.x;
  const bool active = channel < size.channels;
  Sums<1> sum = {};
  if (active)
    for (std::int64_t slab = threadIdx.y; slab < size.slabs; slab += finish_rows)
      sum.value[0] += partials[slab * size.channels + channel];
  __shared__ Sums<1> slots[finish_columns * finish_rows];
  reduce_rows(sum, slots);
  if (threadIdx.y > 0 || !active) return;
  dbias[channel] = accumulate ? dbias[channel] + sum.value[0] : sum.value[0];
}

inline RowGrid plan_for(std::int64_t pixels, std::int64_t channels, int width) {
  return plan_row_grid(1, pixels, channels, width, multiprocessor_count());
}

template <class T, int width>
void activate_as(Context& context, const float* bias, std::int64_t pixels, std::int64_t channels, float slope,
                 T* y) {
  const RowGrid plan = plan_for(pixels, channels, width);
  launch("convolution: activate_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         activate_kernel<T, width>, bias, Size{pixels, channels, plan.slabs}, slope, y);
}

template <class T>
void activate(Context& context, const float* bias, std::int64_t pixels, std::int64_t channels, float slope,
              T* y) {
  vectors_fit<T>(y, channels) ? activate_as<T, vector_width<T>>(context, bias, pixels, channels, slope, y)
                              : activate_as<T, 1>(context, bias, pixels, channels, slope, y);
}

// What gradient() reads and writes; y and dz are null without activation.
template <class T>
struct GradientArrays {
  const T *y, *dy;
  T* dz;
  float* partials;  // [most_slabs, channels]
  float* dbias;     // null where it is not asked for
  bool accumulate_dbias;
};

template <class T, int width>
void gradient_as(Context& context, const GradientArrays<T>& a, std::int64_t pixels, std::int64_t channels,
                 float slope) {
  const RowGrid plan = plan_for(pixels, channels, width);
  const Size size = {pixels, channels, plan.slabs};
  launch("convolution: gradient_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         a.dz ? gradient_kernel<T, width, true> : gradient_kernel<T, width, false>, a.y, a.dy, size, slope,
         a.dz, a.partials);
  if (!a.dbias) return;
  const std::int64_t tiles = (channels + finish_columns - 1) / finish_columns;
  const auto rows = static_cast<unsigned>(finish_rows);
  launch("convolution: finish_bias_kernel", stream_of(context), dim3(checked_cast<unsigned>(tiles)),
         dim3(finish_columns, rows), 0,
         a.accumulate_dbias ? finish_bias_kernel<true> : finish_bias_kernel<false>, a.partials, size,
         a.dbias);
}

template <class T>
void gradient(Context& context, const GradientArrays<T>& a, std::int64_t pixels, std::int64_t channels,
              float slope) {
  const bool fits = channels % vector_width<T> == 0 && aligned_to_vector(a.y, a.dy, a.dz);
  fits ? gradient_as<T, vector_width<T>>(context, a, pixels, channels, slope)
       : gradient_as<T, 1>(context, a, pixels, channels, slope);
}

}  // namespace attune::convolution::passes
