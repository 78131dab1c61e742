// A block owns a slab of one image's pixels and a tile of channels (core/cuda/row_grid.cuh). Forward holds the image's row in
// registers. Backward passes dy on and sums it in one pass, a partial a slab; a second kernel merges the slabs in double.
#include "kernels/image_bias/image_bias.h"

#include <algorithm>

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/row_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"
#include "core/parallel.h"

namespace attune::image_bias::cuda {

namespace {

using namespace attune::cuda;

// Channels a thread: of both dtypes, since the heads' maps have 12 and 4.
constexpr int wide = 4;
// Pixels that a thread has in flight.
constexpr int batch = 4;
constexpr int finish_threads = 128;

struct Size {
  std::int64_t images, pixels, channels, slabs;
};

// Where a thread is: its channels, of which it has some if it is active, and its block's run of pixels.
struct Place {
  std::int64_t image, channel;
  Range run;
  bool active;
};

template <int width>
__device__ Place place_of_thread(const Size& size) {
  const std::int64_t channel = (std::int64_t{blockIdx.z} * blockDim.x + threadIdx.x) * width;
  return {blockIdx.x, channel, part_of(size.pixels, size.slabs, blockIdx.y), channel < size.channels};
}

template <class T, int width>
__global__ void __launch_bounds__(row_grid_threads, blocks_per_multiprocessor)
    forward_kernel(const T* x, const float* __restrict__ bias, Size size, T* y) {
  const Place place = place_of_thread<width>(size);
  if (!place.active) return;
  const std::int64_t first = place.image * size.pixels * size.channels + place.channel;
  float row[width];
  load<width>(bias + place.image * size.channels + place.channel, row);
  walk_pixels<batch>(
      place.run.begin + threadIdx.y, place.run.end, blockDim.y,
      [&](std::int64_t pixel) { return load_packed<width>(x + first + pixel * size.channels); },
      [&](std::int64_t pixel, const Packed<T, width>& loaded) {
        float values[width];
        unpack(loaded, values);
#pragma unroll
        for (int i = 0; i < width; ++i) values[i] += row[i];
        store<width>(values, y + first + pixel * size.channels);
      });
}

template <int width>
struct ChannelSums {
  float value[width];
  __device__ void merge(const ChannelSums& other) {
#pragma unroll
    for (int i = 0; i < width; ++i) value[i] += other.value[i];
  }
};

// `dx` and `partials` [slabs, images, channels] are null where they are not asked for.
template <class T, int width, bool accumulate>
__global__ void __launch_bounds__(row_grid_threads, blocks_per_multiprocessor)
    backward_kernel(const T* dy, Size size, T* dx, float* __restrict__ partials) {
  const Place place = place_of_thread<width>(size);
  const std::int64_t first = place.image * size.pixels * size.channels + place.channel;
  ChannelSums<width> sums = {};
  if (place.active)
    walk_pixels<batch>(
        place.run.begin + threadIdx.y, place.run.end, blockDim.y,
        [&](std::int64_t pixel) { return load_packed<width>(dy + first + pixel * size.channels); },
        [&](std::int64_t pixel, const Packed<T, width>& loaded) {
          float values[width];
          unpack(loaded, values);
#pragma unroll
          for (int i = 0; i < width; ++i) sums.value[i] += values[i];
          if (dx == nullptr) return;
          T* const target = dx + first + pixel * size.channels;
          if constexpr (accumulate) add_weighted<width>(1, target, values);
          store<width>(values, target);
        });
  if (partials == nullptr) return;
  __shared__ ChannelSums<width> slots[row_grid_threads];
  reduce_rows(sums, slots);
  if (threadIdx.y == 0 && place.active)
    store<width>(sums.value,
                 partials + (blockIdx.y * size.images + place.image) * size.channels + place.channel);
}

// A thread a channel of an image.
__global__ void __launch_bounds__(finish_threads)
    finish_kernel(const float* __restrict__ partials, Size size, bool accumulate, float* __restrict__ dbias) {
  const std::int64_t entries = size.images * size.channels;
  const std::int64_t entry = std::int64_t{blockIdx.x} * finish_threads + threadIdx.x;
  if (entry >= entries) return;
  double sum = accumulate ? static_cast<double>(dbias[entry]) : 0.0;
  for (std::int64_t slab = 0; slab < size.slabs; ++slab)
    sum += static_cast<double>(partials[slab * entries + entry]);
  dbias[entry] = static_cast<float>(sum);
}

RowGrid plan_of(const Shape& map, int width) {
  return plan_row_grid(map[0], map[1] * map[2], map[3], width, multiprocessor_count());
}

Size size_of_map(const Shape& map, const RowGrid& plan) {
  return {map[0], map[1] * map[2], map[3], plan.slabs};
}

template <class... Pointers>
bool wide_fits(const Shape& map, Pointers... data) {
  return map[3] % wide == 0 && aligned_to_vector(data...);
}

template <class T, int width>
void forward_as(Context& context, const Forward& a) {
  const RowGrid plan = plan_of(a.x.shape, width);
  launch("image_bias: forward_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         forward_kernel<T, width>, a.x.as<T>(), a.bias.as<float>(), size_of_map(a.x.shape, plan),
         a.y.as<T>());
}

template <class T, int width>
void backward_as(Context& context, const Backward& a) {
  const Shape& map = a.dy.shape;
  const RowGrid plan = plan_of(map, width);
  const Size size = size_of_map(map, plan);
  const bool sums = a.dbias_mode != GradientMode::ignore;
  auto* partials = sums ? static_cast<float*>(context.workspace(workspace_bytes(map))) : nullptr;
  launch("image_bias: backward_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         a.dx_mode == GradientMode::accumulate ? backward_kernel<T, width, true>
                                               : backward_kernel<T, width, false>,
         a.dy.as<T>(), size, a.dx_mode == GradientMode::ignore ? nullptr : a.dx.as<T>(), partials);
  if (!sums) return;
  const std::int64_t blocks = (size.images * size.channels + finish_threads - 1) / finish_threads;
  launch("image_bias: finish_kernel", stream_of(context), dim3(checked_cast<unsigned>(blocks)),
         finish_threads, 0, finish_kernel, partials, size, a.dbias_mode == GradientMode::accumulate,
         a.dbias.as<float>());
}

}  // namespace

void forward(Context& context, const Forward& a) {
  if (a.x.elements() == 0) return;
  with_element_type("image_bias", a.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    wide_fits(a.x.shape, a.x.data, a.bias.data, a.y.data) ? forward_as<T, wide>(context, a)
                                                          : forward_as<T, 1>(context, a);
  });
}

void backward(Context& context, const Backward& a) {
  if (a.dy.shape[0] == 0 || a.dy.shape[3] == 0) return;
  with_element_type("image_bias", a.dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    const void* const dx = a.dx_mode == GradientMode::ignore ? nullptr : a.dx.data;
    wide_fits(a.dy.shape, a.dy.data, dx) ? backward_as<T, wide>(context, a) : backward_as<T, 1>(context, a);
  });
}

// Of whichever of the two grids has more slabs.
std::int64_t workspace_bytes(const Shape& x) {
  std::int64_t slabs = 1;
  for (const int width : {1, wide}) slabs = std::max(slabs, plan_of(x, width).slabs);
  return slabs * x[0] * x[3] * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace attune::image_bias::cuda
