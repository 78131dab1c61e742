// A thread owns 4 neighbouring pixels of a row where rows and pointers are aligned, else one. Everything is per pixel and
// in registers; forward moves 36 bytes a pixel (f32 h), backward 64.
#include "kernels/blend_output/blend_output.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/vector.cuh"

namespace attune::blend_output::cuda {

namespace {

using namespace attune::cuda;

// Pixels a thread: 12 floats of a picture are then 3 vectors, a mask's 4 are one.
constexpr int group = 4;

struct Size {
  std::int64_t images, height, width;  // of the pictures
  std::int64_t padded_height, padded_width;
};

// Elements a load of h: as many of a group's as fit into a vector, or one.
template <class T, int pixels>
inline constexpr int h_vector = pixels == 1 ? 1 : vector_width<T>;
template <int pixels>
inline constexpr int picture_vector = pixels == 1 ? 1 : vector_width<float>;

// |x| counts as at most 80, where the sigmoid is 1 or below 1e-34.
__device__ float sigmoid(float x) { return 1 / (1 + expf(-fminf(fmaxf(x, -80.0f), 80.0f))); }

// What both directions compute first at some pixels: the blending map, rgb - x, and the image.
template <class T, int pixels>
struct Blend {
  float map[pixels], share[pixels], x[3 * pixels], difference[3 * pixels];

  __device__ Blend(const T* h, const float* image, const float* mask) {
    float values[4 * pixels], m[pixels];
    load_run<h_vector<T, pixels>>(h, values);
    load_run<picture_vector<pixels>>(image, x);
    load_run<picture_vector<pixels>>(mask, m);
#pragma unroll
    for (int p = 0; p < pixels; ++p) {
      map[p] = sigmoid(values[4 * p + 3]);
      share[p] = m[p] * map[p];
#pragma unroll
      for (int c = 0; c < 3; ++c) difference[3 * p + c] = values[4 * p + c] + 0.5f - x[3 * p + c];
    }
  }
};

template <class T>
struct ForwardArrays {
  const T* h;
  const float *image, *mask;
  float* y;  // may be the image
};

template <class T, int pixels>
__global__ void __launch_bounds__(line_grid_threads) forward_kernel(ForwardArrays<T> a, Size size) {
  for_each_line(size.images * size.height, [&](std::int64_t line) {
    const std::int64_t image = line / size.height, row = line % size.height;
    const T* h = a.h + (image * size.padded_height + row) * size.padded_width * 4;
    for (std::int64_t column = threadIdx.x * pixels; column < size.width; column += blockDim.x * pixels) {
      const std::int64_t at = line * size.width + column;
      const Blend<T, pixels> blend(h + 4 * column, a.image + 3 * at, a.mask + at);
      float y[3 * pixels];
#pragma unroll
      for (int i = 0; i < 3 * pixels; ++i) y[i] = blend.x[i] + blend.share[i / 3] * blend.difference[i];
      store_run<picture_vector<pixels>>(y, a.y + 3 * at);
    }
  });
}

template <class T>
struct BackwardArrays {
  const T* h;
  const float *image, *mask, *dy;
  T* dh;          // null where it is not asked for
  float* dimage;  // null where it is not asked for; may be dy
  bool accumulate_dh, accumulate_dimage;
};

// to = values, or to += values.
template <int width, int count, class T>
__device__ void put(float (&values)[count], bool accumulate, T* to) {
  if (accumulate) {
    float old[count];
    load_run<width>(to, old);
#pragma unroll
    for (int i = 0; i < count; ++i) values[i] += old[i];
  }
  store_run<width>(values, to);
}

// dh of some pixels.
template <class T, int pixels>
__device__ void put_dh(const Blend<T, pixels>& blend, const float (&dy)[3 * pixels], bool accumulate, T* dh) {
  float values[4 * pixels];
#pragma unroll
  for (int p = 0; p < pixels; ++p) {
    float along = 0;
#pragma unroll
    for (int c = 0; c < 3; ++c) {
      values[4 * p + c] = blend.share[p] * dy[3 * p + c];
      along += dy[3 * p + c] * blend.difference[3 * p + c];
    }
    values[4 * p + 3] = blend.share[p] * (1 - blend.map[p]) * along;  // sigmoid' = a (1 - a)
  }
  put<h_vector<T, pixels>>(values, accumulate, dh);
}

// Over the lines of h: padding cells get the gradient 0.
template <class T, int pixels>
__global__ void __launch_bounds__(line_grid_threads) backward_kernel(BackwardArrays<T> a, Size size) {
  for_each_line(size.images * size.padded_height, [&](std::int64_t line) {
    const std::int64_t image = line / size.padded_height, row = line % size.padded_height;
    const std::int64_t inside = row < size.height ? size.width : 0;
    for (std::int64_t column = threadIdx.x * pixels; column < size.padded_width;
         column += blockDim.x * pixels) {
      const std::int64_t cell = 4 * (line * size.padded_width + column);
      if (column >= inside) {
        float zero[4 * pixels] = {};
        if (a.dh && !a.accumulate_dh) store_run<h_vector<T, pixels>>(zero, a.dh + cell);
        continue;
      }
      const std::int64_t at = (image * size.height + row) * size.width + column;
      const Blend<T, pixels> blend(a.h + cell, a.image + 3 * at, a.mask + at);
      float dy[3 * pixels];
      load_run<picture_vector<pixels>>(a.dy + 3 * at, dy);
      if (a.dh) put_dh<T, pixels>(blend, dy, a.accumulate_dh, a.dh + cell);
      if (!a.dimage) continue;
#pragma unroll
      for (int i = 0; i < 3 * pixels; ++i) dy[i] *= 1 - blend.share[i / 3];
      put<picture_vector<pixels>>(dy, a.accumulate_dimage, a.dimage + 3 * at);
    }
  });
}

Size size_of_maps(ConstTensorView h, ConstTensorView image) {
  return {image.shape[0], image.shape[1], image.shape[2], h.shape[1], h.shape[2]};
}

// Whether whole groups of pixels can be read in vectors, and none lies astride an edge.
bool groups_fit(const Size& size) { return size.width % group == 0 && size.padded_width % group == 0; }

template <class T, int pixels>
void forward_as(Context& context, const ForwardArrays<T>& arrays, const Size& size) {
  const LineGrid plan =
      plan_line_grid(size.images * size.height, size.width / pixels, multiprocessor_count());
  launch("blend_output: forward_kernel", stream_of(context), plan.grid, plan.block, 0,
         forward_kernel<T, pixels>, arrays, size);
}

template <class T, int pixels>
void backward_as(Context& context, const BackwardArrays<T>& arrays, const Size& size) {
  const LineGrid plan =
      plan_line_grid(size.images * size.padded_height, size.padded_width / pixels, multiprocessor_count());
  launch("blend_output: backward_kernel", stream_of(context), plan.grid, plan.block, 0,
         backward_kernel<T, pixels>, arrays, size);
}

template <class T>
void forward_in(Context& context, const Forward& a) {
  const Size size = size_of_maps(a.h, a.image);
  const ForwardArrays<T> arrays = {a.h.as<T>(), a.image.as<float>(), a.mask.as<float>(), a.y.as<float>()};
  groups_fit(size) && aligned_to_vector(arrays.h, arrays.image, arrays.mask, arrays.y)
      ? forward_as<T, group>(context, arrays, size)
      : forward_as<T, 1>(context, arrays, size);
}

template <class T>
void backward_in(Context& context, const Backward& a) {
  const Size size = size_of_maps(a.h, a.image);
  const BackwardArrays<T> arrays = {a.h.as<T>(),
                                    a.image.as<float>(),
                                    a.mask.as<float>(),
                                    a.dy.as<float>(),
                                    a.dh_mode == GradientMode::ignore ? nullptr : a.dh.as<T>(),
                                    a.dimage_mode == GradientMode::ignore ? nullptr : a.dimage.as<float>(),
                                    a.dh_mode == GradientMode::accumulate,
                                    a.dimage_mode == GradientMode::accumulate};
  groups_fit(size) &&
          aligned_to_vector(arrays.h, arrays.image, arrays.mask, arrays.dy, arrays.dh, arrays.dimage)
      ? backward_as<T, group>(context, arrays, size)
      : backward_as<T, 1>(context, arrays, size);
}

}  // namespace

void forward(Context& context, const Forward& a) {
  if (a.image.elements() == 0) return;
  with_element_type("blend_output", a.h.dtype, [&](auto zero) { forward_in<decltype(zero)>(context, a); });
}

void backward(Context& context, const Backward& a) {
  if (a.h.elements() == 0) return;
  with_element_type("blend_output", a.h.dtype, [&](auto zero) { backward_in<decltype(zero)>(context, a); });
}

}  // namespace attune::blend_output::cuda
