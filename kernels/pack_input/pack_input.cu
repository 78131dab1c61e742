// A thread owns 4 neighbouring pixels of a row where rows and pointers are aligned, else one. Groups that lie in the
// padding gather the edge's pixel; backward's groups at the edge gather what lies behind it.
#include "kernels/pack_input/pack_input.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/vector.cuh"

namespace attune::pack_input::cuda {

namespace {

using namespace attune::cuda;

constexpr int group = 4;  // pixels a thread

// Of the picture, and of the map that it is padded to.
struct Size {
  std::int64_t images, height, width;
  std::int64_t padded_height, padded_width;
};

template <class T, int pixels>
inline constexpr int packed_vector = pixels == 1 ? 1 : vector_width<T>;
template <int pixels>
inline constexpr int picture_vector = pixels == 1 ? 1 : vector_width<float>;

// The line of the picture or mask that line `line` of the padded map repeats.
__device__ std::int64_t source_line(std::int64_t line, const Size& size) {
  const std::int64_t image = line / size.padded_height, row = line % size.padded_height;
  return image * size.height + min(row, size.height - 1);
}

// `pixels` pixels of `channels` from column `column` of a line of `width` pixels, the last one repeated behind it.
template <int pixels, int channels>
__device__ void load_clamped(const float* line, std::int64_t column, std::int64_t width,
                             float (&values)[pixels * channels]) {
  if (column < width) return load_run<picture_vector<pixels>>(line + column * channels, values);
#pragma unroll
  for (int i = 0; i < pixels * channels; ++i) values[i] = line[(width - 1) * channels + i % channels];
}

// `mask` may be null.
template <class T, int pixels>
__global__ void __launch_bounds__(line_grid_threads)
    forward_kernel(const float* __restrict__ picture, const float* __restrict__ mask, Size size,
                   T* __restrict__ x) {
  for_each_line(size.images * size.padded_height, [&](std::int64_t line) {
    const std::int64_t source = source_line(line, size) * size.width;
    for (std::int64_t column = threadIdx.x * pixels; column < size.padded_width;
         column += blockDim.x * pixels) {
      float rgb[3 * pixels], m[pixels] = {}, values[4 * pixels];
      load_clamped<pixels, 3>(picture + 3 * source, column, size.width, rgb);
      if (mask) load_clamped<pixels, 1>(mask + source, column, size.width, m);
#pragma unroll
      for (int p = 0; p < pixels; ++p) {
#pragma unroll
        for (int c = 0; c < 3; ++c) values[4 * p + c] = rgb[3 * p + c] - 0.5f;
        values[4 * p + 3] = m[p];
      }
      store_run<packed_vector<T, pixels>>(values, x + 4 * (line * size.padded_width + column));
    }
  });
}

// sum[3 p + c] += dx of `pixels` pixels.
template <class T, int pixels>
__device__ void add_pixels(const T* dx, float (&sum)[3 * pixels]) {
  float values[4 * pixels];
  load_run<packed_vector<T, pixels>>(dx, values);
#pragma unroll
  for (int p = 0; p < pixels; ++p)
#pragma unroll
    for (int c = 0; c < 3; ++c) sum[3 * p + c] += values[4 * p + c];
}

// The rows of dx that repeat the picture's row are summed from the top, each from left to right.
template <class T, int pixels, bool accumulate>
__global__ void __launch_bounds__(line_grid_threads)
    backward_kernel(const T* __restrict__ dx, Size size, float* __restrict__ dpicture) {
  for_each_line(size.images * size.height, [&](std::int64_t line) {
    const std::int64_t image = line / size.height, row = line % size.height;
    const std::int64_t last_row = row == size.height - 1 ? size.padded_height - 1 : row;
    for (std::int64_t column = threadIdx.x * pixels; column < size.width; column += blockDim.x * pixels) {
      float sum[3 * pixels] = {};
      float* const target = dpicture + 3 * (line * size.width + column);
      if constexpr (accumulate) load_run<picture_vector<pixels>>(target, sum);
      for (std::int64_t source = row; source <= last_row; ++source) {
        const T* from = dx + 4 * (image * size.padded_height + source) * size.padded_width;
        add_pixels<T, pixels>(from + 4 * column, sum);
        if (column + pixels < size.width) continue;
#pragma unroll 1  // few threads come here; unrolled, it costs all of them registers, and sm_80 spills
        for (std::int64_t behind = size.width; behind < size.padded_width; ++behind)
#pragma unroll
          for (int c = 0; c < 3; ++c) sum[3 * (pixels - 1) + c] += static_cast<float>(from[4 * behind + c]);
      }
      store_run<picture_vector<pixels>>(sum, target);
    }
  });
}

template <int pixels>
__global__ void __launch_bounds__(line_grid_threads)
    pad_mask_kernel(const float* __restrict__ mask, Size size, float* __restrict__ padded) {
  for_each_line(size.images * size.padded_height, [&](std::int64_t line) {
    const float* const source = mask + source_line(line, size) * size.width;
    for (std::int64_t column = threadIdx.x * pixels; column < size.padded_width;
         column += blockDim.x * pixels) {
      float values[pixels];
      load_clamped<pixels, 1>(source, column, size.width, values);
      store_run<picture_vector<pixels>>(values, padded + line * size.padded_width + column);
    }
  });
}

// `inner` [N, H, W, ..] in `padded` [N, Hp, Wp, ..].
Size size_of_maps(const Shape& inner, const Shape& padded) {
  return {inner[0], inner[1], inner[2], padded[1], padded[2]};
}

// Whether no group of pixels lies astride an edge.
bool groups_fit(const Size& size) { return size.width % group == 0 && size.padded_width % group == 0; }

LineGrid plan_over_padded(const Size& size, int pixels) {
  return plan_line_grid(size.images * size.padded_height, size.padded_width / pixels, multiprocessor_count());
}

template <class T, int pixels>
void forward_as(Context& context, const Forward& a, const Size& size) {
  const LineGrid plan = plan_over_padded(size, pixels);
  launch("pack_input: forward_kernel", stream_of(context), plan.grid, plan.block, 0,
         forward_kernel<T, pixels>, a.picture.as<float>(), a.mask.empty() ? nullptr : a.mask.as<float>(),
         size, a.x.as<T>());
}

template <class T, int pixels>
void backward_as(Context& context, const Backward& a, const Size& size) {
  const LineGrid plan =
      plan_line_grid(size.images * size.height, size.width / pixels, multiprocessor_count());
  const bool accumulate = a.dpicture_mode == GradientMode::accumulate;
  launch("pack_input: backward_kernel", stream_of(context), plan.grid, plan.block, 0,
         accumulate ? backward_kernel<T, pixels, true> : backward_kernel<T, pixels, false>, a.dx.as<T>(),
         size, a.dpicture.as<float>());
}

template <int pixels>
void pad_mask_as(Context& context, const PadMask& a, const Size& size) {
  const LineGrid plan = plan_over_padded(size, pixels);
  launch("pack_input: pad_mask_kernel", stream_of(context), plan.grid, plan.block, 0, pad_mask_kernel<pixels>,
         a.mask.as<float>(), size, a.padded.as<float>());
}

template <class T>
void forward_in(Context& context, const Forward& a) {
  const Size size = size_of_maps(a.picture.shape, a.x.shape);
  groups_fit(size) && aligned_to_vector(a.picture.data, a.mask.data, a.x.data)
      ? forward_as<T, group>(context, a, size)
      : forward_as<T, 1>(context, a, size);
}

template <class T>
void backward_in(Context& context, const Backward& a) {
  const Size size = size_of_maps(a.dpicture.shape, a.dx.shape);
  groups_fit(size) && aligned_to_vector(a.dx.data, a.dpicture.data) ? backward_as<T, group>(context, a, size)
                                                                    : backward_as<T, 1>(context, a, size);
}

}  // namespace

void forward(Context& context, const Forward& a) {
  if (a.x.elements() == 0) return;
  with_element_type("pack_input", a.x.dtype, [&](auto zero) { forward_in<decltype(zero)>(context, a); });
}

void backward(Context& context, const Backward& a) {
  if (a.dpicture.elements() == 0) return;
  with_element_type("pack_input", a.dx.dtype, [&](auto zero) { backward_in<decltype(zero)>(context, a); });
}

void pad_mask(Context& context, const PadMask& a) {
  require_f32("pack_input", a.mask.dtype);
  if (a.padded.elements() == 0) return;
  const Size size = size_of_maps(a.mask.shape, a.padded.shape);
  groups_fit(size) && aligned_to_vector(a.mask.data, a.padded.data) ? pad_mask_as<group>(context, a, size)
                                                                    : pad_mask_as<1>(context, a, size);
}

}  // namespace attune::pack_input::cuda
