// Packed rows: a thread owns 4 neighbouring pixels of a row (one where rows or pointers are not aligned to 4 samples), widens
// them to f32, and reads their cells through L1. In place, groups without any mask are neither read nor written.
#include <type_traits>

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/transfer.h"
#include "kernels/color_transform/color_transform.h"
#include "kernels/color_transform/readers.cuh"
#include "kernels/color_transform/upsampled_cells.cuh"

namespace attune::color_transform::cuda {

namespace {

using namespace attune::cuda;

constexpr int group = 4;

template <int count, int pixels, class S>
__device__ void load_samples(const S* p, float (&values)[count]) {
#pragma unroll
  for (int i = 0; i < count; i += pixels) {
    const Packed<S, pixels> packed = load_packed<pixels>(p + i);
#pragma unroll
    for (int k = 0; k < pixels; ++k) values[i + k] = static_cast<float>(packed.element[k]);
  }
}

// Exact for what load_samples gave.
template <int count, int pixels, class S>
__device__ void store_samples(const float (&values)[count], S* p) {
#pragma unroll
  for (int i = 0; i < count; i += pixels) {
    Packed<S, pixels> packed;
#pragma unroll
    for (int k = 0; k < pixels; ++k) packed.element[k] = static_cast<S>(values[i + k]);
    store_packed(packed, p + i);
  }
}

// The mask's weights, times the strength. Inverted, |m - peak| is exactly 0 at the peak; strength 0 makes 0 of anything.
template <int pixels>
__device__ void load_weights(const Rows& a, std::int64_t row, std::int64_t column, float strength,
                             float (&m)[pixels]) {
  const char* const mask = static_cast<const char*>(a.mask) + row * a.mask_stride;
  if (a.mask_type == Rows::MaskType::u8)
    load_samples<pixels, pixels>(reinterpret_cast<const std::uint8_t*>(mask) + column, m);
  else if (a.mask_type == Rows::MaskType::f32)
    load_samples<pixels, pixels>(reinterpret_cast<const float*>(mask) + column, m);
  const float peak = a.mask_type == Rows::MaskType::u8 ? 255 : 1, zero = a.inverted ? peak : 0;
#pragma unroll
  for (int p = 0; p < pixels; ++p)
    m[p] = a.mask_type == Rows::MaskType::none || strength == 0 ? strength
                                                                : fabsf(m[p] - zero) * (strength / peak);
}

// v + strength (clamp(v + d) - v), where mixed = v + strength d, as a sample.
template <class S>
__device__ float mixed_sample(float v, float mixed, float strength) {
  const float rest = v * (1 - strength);
  if constexpr (std::is_same_v<S, float>)
    return fminf(fmaxf(mixed, rest + strength * fminf(v, 0)), rest + strength * fmaxf(v, 1));
  else
    return floorf(fminf(fmaxf(mixed, rest), rest + strength * peak_of<S>) + half_to_round);
}

// One pixel in place, m != 0.
template <class S, class Transform>
__device__ void transform_pixel(const Rows& a, const Transform& transform, float m, float strength,
                                float* pixel) {
  constexpr float peak = peak_of<S>;
  const bool linear = std::is_same_v<S, float> && a.linear;
  const float first = linear ? srgb_from_linear(pixel[0]) : pixel[0];
  const float green = linear ? srgb_from_linear(pixel[1]) : pixel[1];
  const float third = linear ? srgb_from_linear(pixel[2]) : pixel[2];
  const float red = a.reversed ? third : first, blue = a.reversed ? first : third;
  const float v[3] = {red, green, blue};
  float result[3];
#pragma unroll
  for (int i = 0; i < 3; ++i) {
    const float t = transform(3 * i) * (red - peak / 2) +
                    (transform(3 * i + 1) * (green - peak / 2) +
                     (transform(3 * i + 2) * (blue - peak / 2) + transform(9 + i) * peak));
    const float mixed = mixed_sample<S>(v[i], v[i] + m * t, strength);
    result[i] = linear ? linear_from_srgb(mixed) : mixed;
  }
  pixel[0] = a.reversed ? result[2] : result[0];
  pixel[1] = result[1];
  pixel[2] = a.reversed ? result[0] : result[2];
}

// 2 blocks of 256 threads on a multiprocessor, in 128 registers; in the 80 of 3 blocks bytes spill on sm_86, 89, 100 and 120.
template <class T, class S, int channels, int pixels>
__global__ void __launch_bounds__(line_grid_threads, 2) rows_kernel(Rows a, Axis rows, Axis columns) {
  const float strength = a.enabled_strength();
  for_each_line(a.row_end - a.row_begin, [&](std::int64_t row) {
    UpsampledCells<T, pixels == 1 ? 1 : 4> transform(static_cast<const T*>(a.transform.data), columns.cells,
                                                     rows.tap(a.row_begin + row));
    const S* const in = reinterpret_cast<const S*>(static_cast<const char*>(a.in) + row * a.in_stride);
    S* const out = reinterpret_cast<S*>(static_cast<char*>(a.out) + row * a.out_stride);
    for (std::int64_t column = threadIdx.x * pixels; column < a.width; column += blockDim.x * pixels) {
      float m[pixels];
      load_weights(a, row, column, strength, m);
      bool masked = false;
#pragma unroll
      for (int p = 0; p < pixels; ++p) masked = masked || m[p] != 0;
      if (!masked && in == out) continue;
      float values[channels * pixels];
      load_samples<channels * pixels, pixels>(in + channels * column, values);
#pragma unroll
      for (int p = 0; p < pixels; ++p) {
        if (m[p] == 0) continue;
        transform.move_to(columns.tap(column + p));
        transform_pixel<S>(a, transform, m[p], strength, values + channels * p);
      }
      store_samples<channels * pixels, pixels>(values, out + channels * column);
    }
  });
}

// Whether every group of pixels begins at a vector of its samples.
template <class S>
bool groups_fit(const Rows& a) {
  const auto fits = [](const void* data, std::int64_t stride, std::int64_t element) {
    return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(group * element) == 0 &&
           stride % (group * element) == 0;
  };
  const std::int64_t sample = sizeof(S);
  return a.width % group == 0 && aligned_to_vector(a.transform.data) && fits(a.in, a.in_stride, sample) &&
         fits(a.out, a.out_stride, sample) &&
         (a.mask_type == Rows::MaskType::none ||
          fits(a.mask, a.mask_stride, a.mask_type == Rows::MaskType::f32 ? 4 : 1));
}

template <class T, class S, int channels>
void apply(Context& context, const Rows& a, const Options& options) {
  const bool in_groups = groups_fit<S>(a);
  const std::int64_t items = in_groups ? a.width / group : a.width;
  const LineGrid plan = plan_line_grid(a.row_end - a.row_begin, items, multiprocessor_count());
  launch("color_transform: rows_kernel", stream_of(context), plan.grid, plan.block, 0,
         in_groups ? rows_kernel<T, S, channels, group> : rows_kernel<T, S, channels, 1>, a,
         Axis(a.transform.shape[0], a.height, options.scale_y),
         Axis(a.transform.shape[1], a.width, options.scale_x));
}

}  // namespace

void apply_rows(Context& context, const Rows& a, const Options& options) {
  if (a.row_end == a.row_begin || a.width == 0) return;
  with_element_type("color_transform", a.transform.dtype, [&](auto element) {
    with_sample_type(a.sample, [&](auto sample) {
      using T = decltype(element);
      using S = decltype(sample);
      a.channels == 3 ? apply<T, S, 3>(context, a, options) : apply<T, S, 4>(context, a, options);
    });
  });
}

}  // namespace attune::color_transform::cuda
