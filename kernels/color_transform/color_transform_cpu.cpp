// Forward and dimage: the parameters of a tile of columns are interpolated horizontally for all output rows
// between two rows of cells, then vertically in registers. Where no mask is, rows are copied.
#include "core/parallel.h"
#include "kernels/color_transform/color_transform.h"
#include "kernels/color_transform/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/color_transform/color_transform_cpu.cpp"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/color_transform/masked_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

// y = x + m (A (x - 1/2) + b)
struct Transformed {
  const float *image, *mask;
  float* y;
  std::int64_t width;
  bool streamed;

  HWY_INLINE Range masked(std::int64_t row) const { return masked_columns(width, mask + row * width); }
  HWY_INLINE void pass(std::int64_t row, Range columns) const {
    const std::int64_t begin = 3 * (row * width + columns.begin);
    copy_bytes(image + begin, y + begin, 12 * (columns.end - columns.begin), streamed);
  }
  HWY_INLINE void transform(std::int64_t row, std::int64_t column, const Parameter& parameter) const {
    const std::size_t n = columns_left(width, column);
    const std::int64_t pixel = row * width + column;
    const V32 m = load_first(mask + pixel, n), half = hn::Set(F32(), 0.5f);
    if (all_zero(m))
      return copy_bytes(image + 3 * pixel, y + 3 * pixel, 12 * static_cast<std::int64_t>(n), false);
    V32 x0, x1, x2;
    load_interleaved3(image + 3 * pixel, n, x0, x1, x2);
    const V32 c0 = hn::Sub(x0, half), c1 = hn::Sub(x1, half), c2 = hn::Sub(x2, half);
    const V32 t0 = hn::MulAdd(parameter(0), c0,
                              hn::MulAdd(parameter(1), c1, hn::MulAdd(parameter(2), c2, parameter(9))));
    const V32 t1 = hn::MulAdd(parameter(3), c0,
                              hn::MulAdd(parameter(4), c1, hn::MulAdd(parameter(5), c2, parameter(10))));
    const V32 t2 = hn::MulAdd(parameter(6), c0,
                              hn::MulAdd(parameter(7), c1, hn::MulAdd(parameter(8), c2, parameter(11))));
    store_interleaved3(hn::MulAdd(m, t0, x0), hn::MulAdd(m, t1, x1), hn::MulAdd(m, t2, x2), y + 3 * pixel, n);
  }
};

// dx = dy + m A^T dy
template <bool accumulate>
struct ImageGradient {
  const float *dy, *mask;
  float* dimage;
  std::int64_t width;
  bool streamed;

  HWY_INLINE Range masked(std::int64_t row) const { return masked_columns(width, mask + row * width); }
  HWY_INLINE void pass(std::int64_t row, Range columns) const {
    const std::int64_t begin = 3 * (row * width + columns.begin), end = 3 * (row * width + columns.end);
    if (!accumulate)
      return copy_bytes(dy + begin, dimage + begin, 12 * (columns.end - columns.begin), streamed);
    for (std::int64_t i = begin; i < end; i += vector_columns()) {
      const std::size_t n = columns_left(end, i);
      const V32 sum = hn::Add(load_first(dimage + i, n), load_first(dy + i, n));
      n == lanes() ? store(sum, dimage + i) : store_n(sum, dimage + i, n);
    }
  }
  HWY_INLINE void transform(std::int64_t row, std::int64_t column, const Parameter& parameter) const {
    const std::size_t n = columns_left(width, column);
    const std::int64_t pixel = row * width + column;
    V32 g0, g1, g2;
    load_interleaved3(dy + 3 * pixel, n, g0, g1, g2);
    V32 old0 = g0, old1 = g1, old2 = g2;
    if (accumulate) {
      load_interleaved3(dimage + 3 * pixel, n, old0, old1, old2);
      old0 = hn::Add(old0, g0), old1 = hn::Add(old1, g1), old2 = hn::Add(old2, g2);
    }
    const V32 m = load_first(mask + pixel, n);
    const V32 t0 = hn::MulAdd(parameter(0), g0, hn::MulAdd(parameter(3), g1, hn::Mul(parameter(6), g2)));
    const V32 t1 = hn::MulAdd(parameter(1), g0, hn::MulAdd(parameter(4), g1, hn::Mul(parameter(7), g2)));
    const V32 t2 = hn::MulAdd(parameter(2), g0, hn::MulAdd(parameter(5), g1, hn::Mul(parameter(8), g2)));
    store_interleaved3(hn::MulAdd(m, t0, old0), hn::MulAdd(m, t1, old1), hn::MulAdd(m, t2, old2),
                       dimage + 3 * pixel, n);
  }
};

template <class T, class Pixels>
void for_each_row(Context& context, ConstTensorView transform, const Shape& image, const Options& options,
                  const Pixels& pixels) {
  const std::int64_t h = transform.shape[1], w = transform.shape[2], height = image[1], width = image[2];
  const cpu::Scratch scratch{w, width, height};
  void* workspace = context.workspace(scratch.bytes());
  scratch.columns(workspace).fill(static_cast<double>(options.scale_x), w, width);
  const RowTaps taps{0, height, h, static_cast<double>(options.scale_y)};
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    UpsampledRows upsampled(scratch, workspace, part);
    for_each_masked_tile(upsampled, taps, part_of(image[0] * height, scratch_parts, part), width,
                         transform.as<T>(), 12 * w, pixels);
    if (pixels.streamed) hwy::FlushStream();
  });
}

template <class T>
void forward(Context& context, const Forward& a, const Options& options) {
  for_each_row<T>(context, a.transform, a.image.shape, options,
                  Transformed{a.image.as<float>(), a.mask.as<float>(), a.y.as<float>(), a.image.shape[2],
                              cpu::is_streamed(a.image.shape)});
}

template <class T, bool accumulate>
void backward_image(Context& context, const Backward& a, const Options& options) {
  for_each_row<T>(context, a.transform, a.image.shape, options,
                  ImageGradient<accumulate>{a.dy.as<float>(), a.mask.as<float>(), a.dimage.as<float>(),
                                            a.image.shape[2], cpu::is_streamed(a.image.shape)});
}

template <class T>
void backward_image(Context& context, const Backward& a, const Options& options) {
  if (a.image.elements() == 0) return;
  if (a.dimage_mode == GradientMode::overwrite) backward_image<T, false>(context, a, options);
  if (a.dimage_mode == GradientMode::accumulate) backward_image<T, true>(context, a, options);
}

void forward_any(Context& context, const Forward& a, const Options& options) {
  if (a.image.elements() == 0) return;
  a.transform.dtype == DType::f32 ? forward<float>(context, a, options)
                                  : forward<bfloat16>(context, a, options);
}
void backward_image_any(Context& context, const Backward& a, const Options& options) {
  a.transform.dtype == DType::f32 ? backward_image<float>(context, a, options)
                                  : backward_image<bfloat16>(context, a, options);
}

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::color_transform::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_image_any);

void forward(Context& context, const Forward& a, const Options& options) {
  require(a.transform.dtype != DType::f64, ErrorKind::unsupported,
          "color_transform computes in f32, not f64");
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require(a.transform.dtype != DType::f64, ErrorKind::unsupported,
          "color_transform computes in f32, not f64");
  if (a.dtransform_mode != GradientMode::ignore) backward_transform(context, a, options);
  HWY_DYNAMIC_DISPATCH(backward_image_any)(context, a, options);
}

std::int64_t workspace_bytes(const Shape& transform, const Shape& image) {
  return Scratch{transform[2], image[2], image[1]}.bytes();
}

}  // namespace attune::color_transform::cpu
#endif
