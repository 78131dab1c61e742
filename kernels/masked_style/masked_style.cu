// A block owns a slab of one image's pixels and a tile of channels (core/cuda/row_grid.cuh). Forward: each thread keeps
// both regions' shifted sums of its channels in registers over one pass, the block merges its rows in shared memory and
// writes one partial a slab; a second kernel merges the slabs. Backward: one elementwise pass.
#include "kernels/masked_style/masked_style.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/most_slabs.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/row_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"
#include "core/parallel.h"
#include "kernels/masked_style/statistics.cuh"

namespace attune::masked_style::cuda {

namespace {

using namespace attune::cuda;

// Blocks on a multiprocessor: what a kernel's registers allow, and as many as its grid is planned for, so that all of them
// run at once and none is left for a second round. 8 channels take 80 registers a thread, 4 take 64.
template <int width>
constexpr int blocks = width > 4 ? 3 : blocks_per_multiprocessor;
// Pixels that a thread has in flight, as many as spill no register.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 860 || __CUDA_ARCH__ == 890 || __CUDA_ARCH__ >= 1200)
// On these cards for graphics a multiprocessor needs no more than 10 KiB.
template <int width>
constexpr int partial_batch = width > 4 ? 2 : 4;
#else
template <int width>
constexpr int partial_batch = width > 4 ? 3 : 4;
#endif
constexpr int backward_batch = 4;
// A third vector in flight, of dx, takes a block's registers.
template <int width, bool accumulate>
constexpr int backward_blocks = blocks<width> - (accumulate && width > 1 ? 1 : 0);
// The finishing block: a warp reads 32 neighbouring channels; 32 rows keep the walk over 500 slabs under 20 steps.
constexpr int finish_columns = 32, finish_rows = 32;
// Slabs that a thread has in flight.
constexpr int finish_batch = 4;

// What a thread holds of one pixel: its channels of x, of dx where backward adds to it (0 otherwise), and the mask.
template <class T, int width>
struct Loaded {
  Packed<T, width> x, before;
  float mask;
};

struct Size {
  std::int64_t images, pixels, channels, slabs;
};

// The workspace: what forward's first kernel hands to its second.
struct Partials {
  float *shift, *offset, *squares;  // [slabs, images, regions, channels]
  float* weight;                    // [slabs, images, regions]
};

struct Style {
  float *mean, *sd;  // [regions, images, channels]
  float* weight;     // [regions, images]
};

// Grid: image x slab x tile, block: columns x rows, as RowGrid plans them. `width` > 1 needs aligned rows.
template <class T, int width>
__global__ void __launch_bounds__(row_grid_threads, blocks<width>)
    partial_kernel(const T* __restrict__ x, const float* __restrict__ mask, Size size, Partials out) {
  const std::int64_t image = blockIdx.x, slab = blockIdx.y;
  const std::int64_t channel = (std::int64_t{blockIdx.z} * blockDim.x + threadIdx.x) * width;
  const bool active = channel < size.channels;
  const Range run = part_of(size.pixels, size.slabs, slab);
  x += image * size.pixels * size.channels + (active ? channel : 0);
  mask += image * size.pixels;

  // Load and sum. A thread without channels still weighs the mask: without channels at all it has the only weights.
  MaskedSums<width> sums;
  walk_pixels<partial_batch<width>>(
      run.begin + threadIdx.y, run.end, blockDim.y,
      [&](std::int64_t pixel) {
        return Loaded<T, width>{load_packed_if<width>(active, x + pixel * size.channels), {}, mask[pixel]};
      },
      [&](std::int64_t, const Loaded<T, width>& loaded) {
        float values[width];
        unpack(loaded.x, values);
        sums.add(loaded.mask, values);
      });

  // Reduce, region after region in the same slots, and store.
  __shared__ Statistics<width> slots[row_grid_threads];
  sums.close();
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    Statistics<width>& statistics = region == 0 ? sums.foreground : sums.background;
    reduce_rows(statistics, slots);
    if (threadIdx.y > 0) continue;
    const std::int64_t row = (slab * size.images + image) * regions + region;
    if (channel == 0) out.weight[row] = statistics.weight;
    if (!active) continue;
    store<width>(statistics.shift, out.shift + row * size.channels + channel);
    store<width>(statistics.offset, out.offset + row * size.channels + channel);
    store<width>(statistics.squares, out.squares + row * size.channels + channel);
  }
}

// Grid: image x tile of channels x region; block: finish_columns x (up to finish_rows), one on a multiprocessor: for two,
// sm_100 spills.
__global__ void __launch_bounds__(finish_columns* finish_rows, 1)
    finish_kernel(Partials partials, Size size, float eps, Style out) {
  const std::int64_t image = blockIdx.x, region = blockIdx.z;
  const std::int64_t channel = std::int64_t{blockIdx.y} * finish_columns + threadIdx.x;
  const bool active = channel < size.channels;

  Statistics<1> statistics = {};
  walk_pixels<finish_batch>(
      threadIdx.y, size.slabs, blockDim.y,
      [&](std::int64_t slab) {
        const std::int64_t row = (slab * size.images + image) * regions + region;
        Statistics<1> partial = {partials.weight[row], {0}, {0}, {0}};
        if (!active) return partial;
        partial.shift[0] = partials.shift[row * size.channels + channel];
        partial.offset[0] = partials.offset[row * size.channels + channel];
        partial.squares[0] = partials.squares[row * size.channels + channel];
        return partial;
      },
      [&](std::int64_t, const Statistics<1>& partial) { statistics.merge(partial); });
  __shared__ Statistics<1> slots[finish_columns * finish_rows];
  reduce_rows(statistics, slots);

  if (threadIdx.y > 0) return;
  const std::int64_t row = region * size.images + image;
  if (channel == 0) out.weight[row] = statistics.weight;
  if (!active) return;
  out.mean[row * size.channels + channel] = statistics.mean(0);
  out.sd[row * size.channels + channel] = statistics.sd(0, eps);
}

struct StyleGradient {
  const float *mean, *sd, *dmean, *dsd;  // [regions, images, channels]
  const float* weight;                   // [regions, images]
};

// One region's part of dx for `width` channels: (dmu + dsd (x - mu) / sd) / W.
template <int width>
struct RegionGradient {
  float mean[width] = {}, offset[width] = {}, scale[width] = {};

  __device__ RegionGradient(const StyleGradient& in, std::int64_t row, std::int64_t first_channel,
                            std::int64_t channels) {
    const float weight = in.weight[row];
    if (weight < minimum_weight) return;
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const std::int64_t at = row * channels + first_channel + i;
      mean[i] = in.mean[at];
      offset[i] = in.dmean[at] / weight;
      scale[i] = in.dsd[at] / (in.sd[at] * weight);
    }
  }
  __device__ float at(int i, float x) const { return offset[i] + scale[i] * (x - mean[i]); }
};

// Grid and block as partial_kernel. No barriers: threads without channels leave.
template <class T, int width, bool accumulate>
__global__ void __launch_bounds__(row_grid_threads)
    backward_kernel(const T* __restrict__ x, const float* __restrict__ mask, Size size, StyleGradient in,
                    T* __restrict__ dx) {
  const std::int64_t image = blockIdx.x, slab = blockIdx.y;
  const std::int64_t channel = (std::int64_t{blockIdx.z} * blockDim.x + threadIdx.x) * width;
  if (channel >= size.channels) return;
  const RegionGradient<width> foreground(in, image, channel, size.channels);
  const RegionGradient<width> background(in, size.images + image, channel, size.channels);
  const Range run = part_of(size.pixels, size.slabs, slab);
  mask += image * size.pixels;
  x += image * size.pixels * size.channels + channel;
  dx += image * size.pixels * size.channels + channel;

  walk_pixels<backward_batch>(
      run.begin + threadIdx.y, run.end, blockDim.y,
      [&](std::int64_t pixel) {
        Loaded<T, width> loaded = {load_packed<width>(x + pixel * size.channels), {}, mask[pixel]};
        if constexpr (accumulate) loaded.before = load_packed<width>(dx + pixel * size.channels);
        return loaded;
      },
      [&](std::int64_t pixel, const Loaded<T, width>& loaded) {
        float values[width], result[width];
        unpack(loaded.x, values);
        unpack(loaded.before, result);
#pragma unroll
        for (int i = 0; i < width; ++i)
          result[i] +=
              loaded.mask * foreground.at(i, values[i]) + (1 - loaded.mask) * background.at(i, values[i]);
        store<width>(result, dx + pixel * size.channels);
      });
}

RowGrid plan_for(const Shape& x, int width, int blocks) {
  return plan_row_grid(x[0], checked_multiply(x[1], x[2]), x[3], width, multiprocessor_count(), blocks);
}

template <class T, int width>
void forward_as(Context& context, const Forward& a, const Options& options) {
  const RowGrid plan = plan_for(a.x.shape, width, blocks<width>);
  const Size size = {plan.images, a.x.shape[1] * a.x.shape[2], a.x.shape[3], plan.slabs};
  auto* memory = static_cast<float*>(context.workspace(workspace_bytes(a.x.shape)));
  const std::int64_t values = size.slabs * size.images * regions * size.channels;
  const Partials partials = {memory, memory + values, memory + 2 * values, memory + 3 * values};
  launch("masked_style: partial_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         partial_kernel<T, width>, a.x.as<T>(), a.mask.as<float>(), size, partials);

  const std::int64_t tiles = std::max<std::int64_t>(1, (size.channels + finish_columns - 1) / finish_columns);
  const auto rows = static_cast<unsigned>(std::min<std::int64_t>(finish_rows, size.slabs));
  launch("masked_style: finish_kernel", stream_of(context),
         dim3(checked_cast<unsigned>(size.images), checked_cast<unsigned>(tiles), regions),
         dim3(finish_columns, rows), 0, finish_kernel, partials, size, options.eps,
         Style{a.mean.as<float>(), a.sd.as<float>(), a.weight.as<float>()});
}

template <class T, int width>
void backward_as(Context& context, const Backward& a) {
  const bool accumulate = a.dx_mode == GradientMode::accumulate;
  const RowGrid plan =
      plan_for(a.x.shape, width, accumulate ? backward_blocks<width, true> : backward_blocks<width, false>);
  const Size size = {plan.images, a.x.shape[1] * a.x.shape[2], a.x.shape[3], plan.slabs};
  const StyleGradient in = {a.mean.as<float>(), a.sd.as<float>(), a.dmean.as<float>(), a.dsd.as<float>(),
                            a.weight.as<float>()};
  launch("masked_style: backward_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         accumulate ? backward_kernel<T, width, true> : backward_kernel<T, width, false>, a.x.as<T>(),
         a.mask.as<float>(), size, in, a.dx.as<T>());
}

template <class T>
void forward_in(Context& context, const Forward& a, const Options& options) {
  return vectors_fit<T>(a.x.data, a.x.shape[3]) ? forward_as<T, vector_width<T>>(context, a, options)
                                                : forward_as<T, 1>(context, a, options);
}

template <class T>
void backward_in(Context& context, const Backward& a) {
  return vectors_fit<T>(a.x.data, a.x.shape[3]) && vectors_fit<T>(a.dx.data, a.x.shape[3])
             ? backward_as<T, vector_width<T>>(context, a)
             : backward_as<T, 1>(context, a);
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  if (a.x.shape[0] == 0) return;
  with_element_type("masked_style", a.x.dtype,
                    [&](auto zero) { forward_in<decltype(zero)>(context, a, options); });
}

void backward(Context& context, const Backward& a) {
  if (a.x.elements() == 0) return;
  with_element_type("masked_style", a.x.dtype, [&](auto zero) { backward_in<decltype(zero)>(context, a); });
}

std::int64_t workspace_bytes(const Shape& x) {
  const std::int64_t slabs = most_slabs(x[0], checked_multiply(x[1], x[2]), x[3]);
  const std::int64_t floats = checked_multiply(checked_multiply(slabs, x[0]), regions * (3 * x[3] + 1));
  return checked_multiply(floats, sizeof(float));
}

}  // namespace attune::masked_style::cuda
