// The kernels for images of any size: a block owns a slab of an image's pixels and a tile of channels.
//
// Grid: image x slab x tile, block: columns x rows, as RowGrid plans them. `width` > 1 needs aligned rows.
#pragma once

#include "core/cuda/reduce.cuh"
#include "core/cuda/walk_pixels.cuh"
#include "kernels/style_fusion/gradients.cuh"
#include "kernels/style_fusion/pixel.cuh"
#include "kernels/style_fusion/style.cuh"

namespace attune::style_fusion::cuda {

// Pixels that a thread has in flight: row_grid.cuh counts on 4 vectors. Backward has one of x and one of dy a pixel.
constexpr int batch = 4;
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 860 || __CUDA_ARCH__ == 890 || __CUDA_ARCH__ >= 1200)
// Two would spill, and on these cards for graphics, of at most 1.8 TB/s, a multiprocessor needs no more than 10 KiB.
constexpr int sums_batch = 1;
template <int width, bool accumulate>
constexpr int gradient_batch = 1;
#else
constexpr int sums_batch = 2;
// Two would spill where 8 channels of dx are in flight as well, and with any 8 on sm_100.
template <int width, bool accumulate>
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
constexpr int gradient_batch = width > 4 ? 1 : 2;
#else
constexpr int gradient_batch = width > 4 && accumulate ? 1 : 2;
#endif
#endif
// On a multiprocessor, at least: two have 32 KiB in flight, for a need of 20, and 128 registers a thread. Without the bound
// a bf16 kernel takes 135, and the one block that fits has 16 KiB.
constexpr int gradient_blocks = 2;
// What registers allow of the other two, and their grids are planned for, so that all blocks run at once: a second round of
// a few would take as long as the first.
template <int width>
constexpr int output_blocks = width > 4 ? 2 : 4;
template <int width>
constexpr int sums_blocks = width > 4 ? 2 : 3;

// Of the block's tile of channels. No barrier follows.
template <int width, class Tile>
__device__ void make_affine_tile(const Position<width>& own, const Size& size, const StyleInputs& in,
                                 Tile& tile) {
  own.for_each_channel(size, [&](std::int64_t channel, int place) {
    const ChannelStyle style(in, load_statistics(in, own.image, channel), own.image, channel);
    make_affine(in, style, channel, place, tile);
  });
}

// Second pass of forward, after masked_style's first.
template <class T, int width>
__global__ void __launch_bounds__(row_grid_threads, output_blocks<width>)
    output_kernel(const T* __restrict__ x, const float* __restrict__ mask, Size size, StyleInputs in,
                  T* __restrict__ y) {
  const Position<width> own(size);
  __shared__ Tile<width, affine_rows> tile;
  make_affine_tile(own, size, in, tile);
  __syncthreads();
  if (!own.active) return;
  const Affine<width> affine = read_affine(tile);

  x += own.first_element;
  y += own.first_element;
  mask += own.image * size.pixels;
  walk_pixels<batch>(
      own.run.begin + threadIdx.y, own.run.end, blockDim.y,
      [&](std::int64_t step) {
        const std::int64_t pixel = own.backwards(step);
        return Loaded<T, width>{load_packed<width>(x + pixel * size.channels), mask[pixel]};
      },
      [&](std::int64_t step, const Loaded<T, width>& loaded) {
        write_output(affine, loaded, in.slope, y + own.backwards(step) * size.channels);
      });
}

// First pass of backward: a slab's four sums to `partials`.
template <class T, int width>
__global__ void __launch_bounds__(row_grid_threads)
    sums_kernel(const T* __restrict__ x, const T* __restrict__ dy, const float* __restrict__ mask, Size size,
                StyleInputs in, float* __restrict__ partials) {
  const Position<width> own(size);
  __shared__ Tile<width, affine_rows> tile;
  make_affine_tile(own, size, in, tile);
  __syncthreads();

  PixelSums<width> pixel_sums;
  if (own.active) {
    const Affine<width> affine = read_affine(tile);
    x += own.first_element;
    dy += own.first_element;
    mask += own.image * size.pixels;
    walk_pixels<sums_batch>(
        own.run.begin + threadIdx.y, own.run.end, blockDim.y,
        [&](std::int64_t pixel) {
          return Upstream<T, width>{load_packed<width>(x + pixel * size.channels),
                                    load_packed<width>(dy + pixel * size.channels),
                                    {},
                                    mask[pixel]};
        },
        [&](std::int64_t, const Upstream<T, width>& loaded) { pixel_sums.add(affine, loaded, in.slope); });
  }

  // Reduce, region after region in the same slots, and store.
  __shared__ RegionSums<width> slots[row_grid_threads];
  partials += (std::int64_t{blockIdx.y} * size.images + own.image) * sums * size.channels + own.channel;
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    RegionSums<width> total = region == 0 ? pixel_sums.foreground : pixel_sums.background;
    reduce_rows(total, slots);
    if (threadIdx.y > 0 || !own.active) continue;
    store<width>(total.d, partials + 2 * region * size.channels);
    store<width>(total.m, partials + (2 * region + 1) * size.channels);
  }
}

// Second pass of backward.
template <class T, int width, bool accumulate>
__global__ void __launch_bounds__(row_grid_threads, gradient_blocks)
    gradient_kernel(const T* __restrict__ x, const T* __restrict__ dy, const float* __restrict__ mask,
                    Size size, StyleInputs in, const float* __restrict__ coefficients, T* __restrict__ dx) {
  const Position<width> own(size);
  __shared__ Tile<width, affine_rows + gradient_rows> tile;
  make_affine_tile(own, size, in, tile);
  own.for_each_channel(size, [&](std::int64_t channel, int place) {
#pragma unroll
    for (int row = 0; row < gradient_rows; ++row)
      tile.at(affine_rows + row, place) = coefficients[(own.image * sums + row) * size.channels + channel];
  });
  __syncthreads();
  if (!own.active) return;
  const Affine<width> affine = read_affine(tile);
  const Gradient<width> gradient = read_gradient(tile);

  x += own.first_element;
  dy += own.first_element;
  dx += own.first_element;
  mask += own.image * size.pixels;
  walk_pixels<gradient_batch<width, accumulate>>(
      own.run.begin + threadIdx.y, own.run.end, blockDim.y,
      [&](std::int64_t step) {
        const std::int64_t pixel = own.backwards(step), at = pixel * size.channels;
        Upstream<T, width> loaded = {
            load_packed<width>(x + at), load_packed<width>(dy + at), {}, mask[pixel]};
        if constexpr (accumulate) loaded.before = load_packed<width>(dx + at);
        return loaded;
      },
      [&](std::int64_t step, const Upstream<T, width>& loaded) {
        gradient.write(affine, loaded, in.slope, dx + own.backwards(step) * size.channels);
      });
}

}  // namespace attune::style_fusion::cuda
