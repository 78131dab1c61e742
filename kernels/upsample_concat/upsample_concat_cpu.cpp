// Forward, an output row at a time: the two rows of x it reads are mixed into a row of floats (in cache),
// then its pixels are mixed from that and written with their skip. Backward, a row of x at a time: its up to
// four rows of dy are summed into a row of floats, then that row's columns; the skip's gradient of two of
// them is copied on the way.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/upsample_concat/upsample_concat.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/upsample_concat/upsample_concat_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::upsample_concat::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;

// body(i, n) for the vectors of [0, count); n < lanes() in the last one only.
template <class Body>
HWY_INLINE void for_each_vector(std::int64_t count, const Body& body) {
  const std::int64_t step = static_cast<std::int64_t>(lanes());
  std::int64_t i = 0;
  for (; i + step <= count; i += step) body(i, lanes());
  if (i < count) body(i, static_cast<std::size_t>(count - i));
}
template <class T>
HWY_INLINE V32 load_part(const T* p, std::size_t n) {
  return n == lanes() ? load(p) : load_n(p, n);
}
template <class T>
HWY_INLINE void store_part(V32 v, T* p, std::size_t n) {
  n == lanes() ? store(v, p) : store_n(v, p, n);
}

// to = 3/4 near + 1/4 far
template <class From, class To>
HWY_INLINE void mix(const From* near, const From* far, To* to, std::int64_t count) {
  const V32 major = hn::Set(F32(), 0.75f), minor = hn::Set(F32(), 0.25f);
  for_each_vector(count, [&](std::int64_t i, std::size_t n) HWY_ATTR {
    store_part(hn::MulAdd(major, load_part(near + i, n), hn::Mul(minor, load_part(far + i, n))), to + i, n);
  });
}

template <class T>
HWY_INLINE void copy(const T* from, T* to, std::int64_t count) {
  for_each_vector(
      count, [&](std::int64_t i, std::size_t n) HWY_ATTR { store_part(load_part(from + i, n), to + i, n); });
}

// Output row `row` of an image: x and skip are the image's own.
template <class T>
HWY_INLINE void forward_row(const T* x, const T* skip, const Shape& shape, std::int64_t skip_channels,
                            std::int64_t row, float* mixed, T* y) {
  const std::int64_t height = shape[1], width = shape[2], channels = shape[3];
  const std::int64_t near = row / 2,
                     far = std::clamp<std::int64_t>(row % 2 ? near + 1 : near - 1, 0, height - 1);
  mix(x + near * width * channels, x + far * width * channels, mixed, width * channels);
  for (std::int64_t column = 0; column < 2 * width; ++column) {
    const std::int64_t at = column / 2;
    const std::int64_t beside = std::clamp<std::int64_t>(column % 2 ? at + 1 : at - 1, 0, width - 1);
    mix(mixed + at * channels, mixed + beside * channels, y, channels);
    copy(skip, y + channels, skip_channels);
    skip += skip_channels;
    y += channels + skip_channels;
  }
}

template <class T>
void forward(Context& context, const Forward& a) {
  const Shape& x = a.x.shape;
  const std::int64_t width = x[2], channels = x[3], height = 2 * x[1], skip_channels = a.skip.shape[3];
  auto* scratch = static_cast<float*>(context.workspace(cpu::workspace_bytes(x)));
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    const Range rows = part_of(x[0] * height, scratch_parts, part);
    for (std::int64_t row = rows.begin; row < rows.end; ++row)
      forward_row(a.x.as<T>() + row / height * x[1] * width * channels,
                  a.skip.as<T>() + row * 2 * width * skip_channels, x, skip_channels, row % height,
                  scratch + part * width * channels,
                  a.y.as<T>() + row * 2 * width * (channels + skip_channels));
  });
}

// The outputs along one axis that read position i of `count`, and their weights. Past an edge, the quarter
// that would go there is i's own.
struct Readers {
  std::int64_t first;
  int count;
  float weight[4];
};
HWY_INLINE Readers readers_of(std::int64_t i, std::int64_t count) {
  const bool at_begin = i == 0, at_end = i == count - 1;
  Readers readers{at_begin ? 0 : 2 * i - 1, 0, {}};
  if (!at_begin) readers.weight[readers.count++] = 0.25f;
  readers.weight[readers.count++] = at_begin ? 1.0f : 0.75f;
  readers.weight[readers.count++] = at_end ? 1.0f : 0.75f;
  if (!at_end) readers.weight[readers.count++] = 0.25f;
  return readers;
}

// to (+)= sum over the readers of weight * from[stride * reader]
template <bool accumulate, class From, class To>
HWY_INLINE void gather(const Readers& readers, const From* from, std::int64_t stride, To* to,
                       std::int64_t count) {
  for_each_vector(count, [&](std::int64_t i, std::size_t n) HWY_ATTR {
    V32 sum = accumulate ? load_part(to + i, n) : hn::Zero(F32());
    for (int k = 0; k < readers.count; ++k)
      sum = hn::MulAdd(hn::Set(F32(), readers.weight[k]), load_part(from + k * stride + i, n), sum);
    store_part(sum, to + i, n);
  });
}

// Row `row` of dx; dy is the image's own.
template <bool accumulate, class T>
HWY_INLINE void dx_row(const T* dy, const Shape& shape, std::int64_t pixel_stride, std::int64_t row,
                       float* summed, T* dx) {
  const std::int64_t width = shape[2], channels = shape[3], row_stride = 2 * width * pixel_stride;
  const Readers rows = readers_of(row, shape[1]);
  for (std::int64_t column = 0; column < 2 * width; ++column)
    gather<false>(rows, dy + rows.first * row_stride + column * pixel_stride, row_stride,
                  summed + column * channels, channels);
  for (std::int64_t column = 0; column < width; ++column) {
    const Readers columns = readers_of(column, width);
    gather<accumulate>(columns, summed + columns.first * channels, channels, dx + column * channels,
                       channels);
  }
}

template <class T>
HWY_INLINE void dskip_row(const T* dy, std::int64_t pixel_stride, std::int64_t pixels, bool accumulate,
                          T* dskip, std::int64_t channels) {
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel, dy += pixel_stride, dskip += channels)
    for_each_vector(channels, [&](std::int64_t i, std::size_t n) HWY_ATTR {
      V32 value = load_part(dy + i, n);
      if (accumulate) value = hn::Add(value, load_part(dskip + i, n));
      store_part(value, dskip + i, n);
    });
}

template <class T>
void backward(Context& context, const Backward& a) {
  const Shape& x = a.dx.shape;
  const std::int64_t channels = x[3], skip_channels = a.dskip.shape[3],
                     pixel_stride = channels + skip_channels;
  const std::int64_t pixels = 2 * x[2];  // in an output row
  auto* scratch = static_cast<float*>(context.workspace(cpu::workspace_bytes(x)));
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    const Range rows = part_of(x[0] * x[1], scratch_parts, part);
    float* summed = scratch + part * pixels * channels;
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const T* dy = a.dy.as<T>() + row / x[1] * 2 * x[1] * pixels * pixel_stride;
      T* dx = a.dx.as<T>() + row * x[2] * channels;
      if (a.dx_mode == GradientMode::overwrite) dx_row<false>(dy, x, pixel_stride, row % x[1], summed, dx);
      if (a.dx_mode == GradientMode::accumulate) dx_row<true>(dy, x, pixel_stride, row % x[1], summed, dx);
      if (a.dskip_mode == GradientMode::ignore) continue;
      const std::int64_t first = 2 * row * pixels;
      dskip_row(a.dy.as<T>() + first * pixel_stride + channels, pixel_stride, 2 * pixels,
                a.dskip_mode == GradientMode::accumulate, a.dskip.as<T>() + first * skip_channels,
                skip_channels);
    }
  });
}

void forward_any(Context& context, const Forward& a) {
  a.x.dtype == DType::f32 ? forward<float>(context, a) : forward<bfloat16>(context, a);
}
void backward_any(Context& context, const Backward& a) {
  a.dy.dtype == DType::f32 ? backward<float>(context, a) : backward<bfloat16>(context, a);
}

}  // namespace attune::upsample_concat::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::upsample_concat::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported,
          "upsample_concat computes in f32 or bf16, not f64");
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a);
}

void backward(Context& context, const Backward& a) {
  require(a.dy.dtype != DType::f64, ErrorKind::unsupported,
          "upsample_concat computes in f32 or bf16, not f64");
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a);
}

std::int64_t workspace_bytes(const Shape& x) {
  // Backward's row is as wide as the output.
  return checked_multiply(scratch_parts, Shape{2, x[2], x[3]}.elements() * size_of(DType::f32));
}

}  // namespace attune::upsample_concat::cpu
#endif
