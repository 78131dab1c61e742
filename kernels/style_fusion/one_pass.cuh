// The kernels for small images: a block owns all pixels of an image and a narrow tile of channels, which it keeps in shared
// memory between the sums and the result. One launch in place of three, and every map crosses memory once.
//
// Grid: image x 1 x tile, block: columns x rows. Rows are aligned; a thread reads from shared memory only vectors of its own.
#pragma once

#include "core/cuda/reduce.cuh"
#include "kernels/style_fusion/gradients.cuh"
#include "kernels/style_fusion/pixel.cuh"
#include "kernels/style_fusion/style.cuh"

namespace attune::style_fusion::cuda {

constexpr int one_pass_threads = 256;
// 64 bytes of a pixel, two whole sectors: narrower tiles make more blocks of the few images that there are.
constexpr int one_pass_columns = 4;
// Of x, or of x and dy: two blocks, with up to 27 KiB beside it, then fit on a multiprocessor's 227. Larger images have
// blocks enough in two passes.
constexpr std::int64_t one_pass_bytes = 80 << 10;
// On a multiprocessor, at least, as just said; ptxas spills on sm_100 if it is left to choose.
constexpr int one_pass_forward_blocks = 2;
// Vectors that a thread has in flight: a block alone on its multiprocessor then has 32 KiB, for a need of 20 (row_grid.cuh).
constexpr int one_pass_batch = 8, one_pass_gradient_batch = 4;

// Of the widest tile.
constexpr std::int64_t one_pass_pixel_bytes = one_pass_columns * vector_bytes;

struct Statistics {
  float *mean, *sd, *weight;  // [regions, images, channels], the same, [regions, images]
};

// As walk_pixels, for threads with few pixels: those behind the last whole batch are in flight together as well.
template <int batch, class Load, class Use>
__device__ __forceinline__ void walk_few_pixels(int end, const Load& load, const Use& use) {
  const int step = static_cast<int>(blockDim.y);
  for (int pixel = static_cast<int>(threadIdx.y); pixel < end; pixel += batch * step) {
    decltype(load(pixel)) loaded[batch];
#pragma unroll
    for (int i = 0; i < batch; ++i)
      if (pixel + i * step < end) loaded[i] = load(pixel + i * step);
#pragma unroll
    for (int i = 0; i < batch; ++i)
      if (pixel + i * step < end) use(pixel + i * step, loaded[i]);
  }
}

// Statistics of the block's tile, for one thread a channel to read.
template <int width>
struct StatisticsTile {
  Tile<width, 2 * regions, one_pass_columns> moments;  // mean_r, sd_r
  float weight[regions];

  __device__ ChannelStatistics of(int place) {
    ChannelStatistics result;
#pragma unroll
    for (int region = 0; region < regions; ++region) {
      result.mean[region] = moments.at(2 * region, place);
      result.sd[region] = moments.at(2 * region + 1, place);
      result.weight[region] = weight[region];
    }
    return result;
  }
};

// Merges the rows' sums of both regions into the tile; a barrier has to follow.
template <int width>
__device__ void merge_statistics(masked_style::cuda::MaskedSums<width>& regional, float eps,
                                 StatisticsTile<width>& tile) {
  regional.close();
  __shared__ masked_style::cuda::Statistics<width> slots[one_pass_threads];
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    auto& statistics = region == 0 ? regional.foreground : regional.background;
    reduce_rows(statistics, slots);
    if (threadIdx.y > 0) continue;
    float mean[width], sd[width];
#pragma unroll
    for (int i = 0; i < width; ++i) {
      mean[i] = statistics.mean(i);
      sd[i] = statistics.sd(i, eps);
    }
    tile.moments.write(2 * region, mean);
    tile.moments.write(2 * region + 1, sd);
    if (threadIdx.x == 0) tile.weight[region] = statistics.weight;
  }
}

__device__ inline void write_statistics(const ChannelStatistics& x, const Size& size, std::int64_t image,
                                        std::int64_t channel, const Statistics& out) {
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    const std::int64_t row = region * size.images + image;
    out.mean[row * size.channels + channel] = x.mean[region];
    out.sd[row * size.channels + channel] = x.sd[region];
    if (channel == 0) out.weight[row] = x.weight[region];
  }
}

template <class T, int width>
__global__ void __launch_bounds__(one_pass_threads, one_pass_forward_blocks)
    one_pass_forward_kernel(const T* __restrict__ x, const float* __restrict__ mask, Size size,
                            StyleInputs in, float eps, Statistics out, T* __restrict__ y) {
  const Position<width> own(size);
  auto* const slab = dynamic_shared<Packed<T, width>>() + threadIdx.x;  // [pixels, columns]
  x += own.first_element;
  y += own.first_element;
  mask += own.image * size.pixels;

  // Load, keep and sum.
  masked_style::cuda::MaskedSums<width> regional;
  walk_few_pixels<one_pass_batch>(
      own.active ? static_cast<int>(size.pixels) : 0,
      [&](std::int64_t pixel) {
        return Loaded<T, width>{load_packed<width>(x + pixel * size.channels), mask[pixel]};
      },
      [&](std::int64_t pixel, const Loaded<T, width>& loaded) {
        slab[pixel * blockDim.x] = loaded.x;
        float values[width];
        unpack(loaded.x, values);
        regional.add(loaded.mask, values);
      });

  // Statistics, then coefficients.
  __shared__ StatisticsTile<width> statistics;
  __shared__ Tile<width, affine_rows, one_pass_columns> tile;
  merge_statistics(regional, eps, statistics);
  __syncthreads();
  own.for_each_channel(size, [&](std::int64_t channel, int place) {
    const ChannelStatistics of_x = statistics.of(place);
    write_statistics(of_x, size, own.image, channel, out);
    make_affine(in, ChannelStyle(in, of_x, own.image, channel), channel, place, tile);
  });
  __syncthreads();

  // Store.
  if (!own.active) return;
  const Affine<width> affine = read_affine(tile);
  for (std::int64_t pixel = threadIdx.y; pixel < size.pixels; pixel += blockDim.y)
    write_output(affine, Loaded<T, width>{slab[pixel * blockDim.x], mask[pixel]}, in.slope,
                 y + pixel * size.channels);
}

struct OtherGradients {
  float* totals;  // [images, sums, channels], for parameter_kernel
  ExternalGradients external;
};

// dx may be null: the other gradients alone.
template <class T, int width, bool accumulate>
__global__ void __launch_bounds__(one_pass_threads)
    one_pass_backward_kernel(const T* __restrict__ x, const T* __restrict__ dy,
                             const float* __restrict__ mask, Size size, StyleInputs in, OtherGradients out,
                             T* __restrict__ dx) {
  const Position<width> own(size);
  auto* const slab = dynamic_shared<Packed<T, width>>() + threadIdx.x;  // [x and dy, pixels, columns]
  auto* const dy_slab = slab + size.pixels * blockDim.x;
  x += own.first_element;
  dy += own.first_element;
  mask += own.image * size.pixels;
  __shared__ Tile<width, affine_rows + gradient_rows, one_pass_columns> tile;
  own.for_each_channel(size, [&](std::int64_t channel, int place) {
    const ChannelStyle style(in, load_statistics(in, own.image, channel), own.image, channel);
    make_affine(in, style, channel, place, tile);
  });
  __syncthreads();

  // Load, keep and sum.
  PixelSums<width> pixel_sums;
  if (own.active) {
    const Affine<width> affine = read_affine(tile);
    walk_few_pixels<one_pass_gradient_batch>(
        static_cast<int>(size.pixels),
        [&](std::int64_t pixel) {
          return Upstream<T, width>{load_packed<width>(x + pixel * size.channels),
                                    load_packed<width>(dy + pixel * size.channels),
                                    {},
                                    mask[pixel]};
        },
        [&](std::int64_t pixel, const Upstream<T, width>& loaded) {
          slab[pixel * blockDim.x] = loaded.x;
          dy_slab[pixel * blockDim.x] = loaded.dy;
          pixel_sums.add(affine, loaded, in.slope);
        });
  }

  // Merge into the rows of the coefficients, which then take the sums' place.
  __shared__ RegionSums<width> slots[one_pass_threads];
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    RegionSums<width> total = region == 0 ? pixel_sums.foreground : pixel_sums.background;
    reduce_rows(total, slots);
    if (threadIdx.y > 0) continue;
    tile.write(affine_rows + 2 * region, total.d);
    tile.write(affine_rows + 2 * region + 1, total.m);
  }
  __syncthreads();
  own.for_each_channel(size, [&](std::int64_t channel, int place) {
    constexpr int row_stride = one_pass_columns * width;
    const ChannelSums total = load_sums(&tile.at(affine_rows, place), row_stride);
    const ChannelStyle style(in, load_statistics(in, own.image, channel), own.image, channel);
    store_sums(total, out.totals + own.image * sums * size.channels + channel, size.channels);
    write_external(in, style, total, own.image, channel, out.external);
    store_sums(gradient_coefficients(in, style, total, channel), &tile.at(affine_rows, place), row_stride);
  });
  __syncthreads();

  // Store.
  if (!own.active || dx == nullptr) return;
  dx += own.first_element;
  const Affine<width> affine = read_affine(tile);
  const Gradient<width> gradient = read_gradient(tile);
  for (std::int64_t pixel = threadIdx.y; pixel < size.pixels; pixel += blockDim.y) {
    Upstream<T, width> loaded = {slab[pixel * blockDim.x], dy_slab[pixel * blockDim.x], {}, mask[pixel]};
    if constexpr (accumulate) loaded.before = load_packed<width>(dx + pixel * size.channels);
    gradient.write(affine, loaded, in.slope, dx + pixel * size.channels);
  }
}

}  // namespace attune::style_fusion::cuda
