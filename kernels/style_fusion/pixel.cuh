// What style_fusion's kernels do with one pixel of `width` channels, wherever it was loaded from.
#pragma once

#include "kernels/style_fusion/style.cuh"

namespace attune::style_fusion::cuda {

template <class T, int width>
struct Loaded {
  Packed<T, width> x;
  float mask;
};

template <class T, int width>
__device__ void write_output(const Affine<width>& affine, const Loaded<T, width>& loaded, float slope, T* y) {
  float values[width];
  unpack(loaded.x, values);
#pragma unroll
  for (int i = 0; i < width; ++i) {
    const float z = affine.blend(loaded.mask, i, values[i]);
    values[i] = fmaxf(z, slope * z);  // slope is 0..1
  }
  store_global<width>(values, y);
}

// For backward; `before` is dx where it is added to, 0 otherwise.
template <class T, int width>
struct Upstream {
  Packed<T, width> x, dy, before;
  float mask;
};

// d = act'(z) dy, where z is computed again from x.
__device__ inline float activation_gradient(float z, float dy, float slope) {
  return z > 0 ? dy : slope * dy;
}

// D_r and M_r of one region.
template <int width>
struct RegionSums {
  float d[width] = {}, m[width] = {};

  // A pixel of this region alone.
  __device__ __forceinline__ void add_own(const Affine<width>& affine, int region, const float (&x)[width],
                                          const float (&dy)[width], float slope) {
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const float centered = affine.centered(region, i, x[i]);
      const float z = affine.slope[region][i] * centered + affine.offset[region][i];
      const float own = activation_gradient(z, dy[i], slope);
      d[i] += own;
      m[i] += own * centered;
    }
  }
  __device__ void merge(const RegionSums& other) {
#pragma unroll
    for (int i = 0; i < width; ++i) {
      d[i] += other.d[i];
      m[i] += other.m[i];
    }
  }
};

template <int width>
struct PixelSums {
  RegionSums<width> foreground, background;

  template <class T>
  __device__ __forceinline__ void add(const Affine<width>& affine, const Upstream<T, width>& loaded,
                                      float slope) {
    float values[width], upstream[width];
    unpack(loaded.x, values);
    unpack(loaded.dy, upstream);
    // As in masked_style: most pixels are one region's, and so are their warps.
    if (loaded.mask == 1) return foreground.add_own(affine, 0, values, upstream, slope);
    if (loaded.mask == 0) return background.add_own(affine, 1, values, upstream, slope);
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const float d = activation_gradient(affine.blend(loaded.mask, i, values[i]), upstream[i], slope);
      const float of_foreground = loaded.mask * d, of_background = (1 - loaded.mask) * d;
      foreground.d[i] += of_foreground;
      foreground.m[i] += of_foreground * affine.centered(0, i, values[i]);
      background.d[i] += of_background;
      background.m[i] += of_background * affine.centered(1, i, values[i]);
    }
  }
};

// dx = sum_r w_r ( slope_r d + constant_r + linear_r (x - mean_r) ).
template <int width>
struct Gradient {
  float constant[regions][width], linear[regions][width];

  template <class T>
  __device__ void write(const Affine<width>& affine, const Upstream<T, width>& loaded, float slope,
                        T* dx) const {
    float values[width], upstream[width], result[width];
    unpack(loaded.x, values);
    unpack(loaded.dy, upstream);
    unpack(loaded.before, result);
#pragma unroll
    for (int i = 0; i < width; ++i) {
      const float d = activation_gradient(affine.blend(loaded.mask, i, values[i]), upstream[i], slope);
      const auto of_region = [&](int region) {
        return affine.slope[region][i] * d + constant[region][i] +
               linear[region][i] * affine.centered(region, i, values[i]);
      };
      result[i] += loaded.mask * of_region(0) + (1 - loaded.mask) * of_region(1);
    }
    store_global<width>(result, dx);
  }
};

// The tile's rows behind y's coefficients: constant_r and linear_r.
constexpr int gradient_rows = 2 * regions;

template <int width, int rows, int columns>
__device__ Gradient<width> read_gradient(const Tile<width, rows, columns>& tile) {
  Gradient<width> gradient;
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    tile.read(affine_rows + 2 * region, gradient.constant[region]);
    tile.read(affine_rows + 2 * region + 1, gradient.linear[region]);
  }
  return gradient;
}

}  // namespace attune::style_fusion::cuda
