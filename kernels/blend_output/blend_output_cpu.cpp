// A row at a time, a vector of pixels in registers; everything is per pixel.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/blend_output/blend_output.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/blend_output/blend_output_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd_interleave-inl.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::blend_output::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE V32 sigmoid(V32 x) {
  const V32 limit = hn::Set(F32(), 80.0f), one = hn::Set(F32(), 1.0f);
  const V32 clamped = hn::Min(hn::Max(x, hn::Neg(limit)), limit);
  return hn::Div(one, hn::Add(one, hn::Exp(F32(), hn::Neg(clamped))));
}

// What both directions compute first at a vector of pixels: the blending map, rgb - x, and the image.
struct Blend {
  V32 map, difference0, difference1, difference2, x0, x1, x2;

  template <class T>
  HWY_INLINE void load_from(const T* h, const float* image, std::size_t n) {
    V32 h0, h1, h2, h3;
    load_interleaved4(h, n, h0, h1, h2, h3);
    load_interleaved3(image, n, x0, x1, x2);
    const V32 half = hn::Set(F32(), 0.5f);
    map = sigmoid(h3);
    difference0 = hn::Sub(hn::Add(h0, half), x0);
    difference1 = hn::Sub(hn::Add(h1, half), x1);
    difference2 = hn::Sub(hn::Add(h2, half), x2);
  }
};

template <class T>
HWY_INLINE void forward_row(const T* h, const float* image, const float* mask, float* y, std::int64_t width) {
  for (std::int64_t column = 0; column < width; column += static_cast<std::int64_t>(lanes())) {
    const std::size_t n =
        static_cast<std::size_t>(std::min(width - column, static_cast<std::int64_t>(lanes())));
    Blend blend;
    blend.load_from(h + 4 * column, image + 3 * column, n);
    const V32 share = hn::Mul(load_first(mask + column, n), blend.map);
    store_interleaved3(hn::MulAdd(share, blend.difference0, blend.x0),
                       hn::MulAdd(share, blend.difference1, blend.x1),
                       hn::MulAdd(share, blend.difference2, blend.x2), y + 3 * column, n);
  }
}

template <class T>
void forward(Context& context, const Forward& a) {
  const Shape &h = a.h.shape, &image = a.image.shape;
  parallel_for(context.threads(), image[0] * image[1], [&](std::int64_t row) HWY_ATTR {
    const std::int64_t pixel = row * image[2];
    forward_row(a.h.as<T>() + (row / image[1] * h[1] + row % image[1]) * h[2] * 4,
                a.image.as<float>() + 3 * pixel, a.mask.as<float>() + pixel, a.y.as<float>() + 3 * pixel,
                image[2]);
  });
}

// The rows that one row of the backward pass works on; dh and dimage are null where they are not asked for.
template <class T>
struct BackwardRow {
  const T* h;
  const float *image, *mask, *dy;
  T* dh;
  float* dimage;
};

template <class T>
HWY_INLINE void store_dh(V32 v0, V32 v1, V32 v2, V32 v3, bool accumulate, T* dh, std::size_t n) {
  if (accumulate) {
    V32 old0, old1, old2, old3;
    load_interleaved4(dh, n, old0, old1, old2, old3);
    v0 = hn::Add(v0, old0), v1 = hn::Add(v1, old1), v2 = hn::Add(v2, old2), v3 = hn::Add(v3, old3);
  }
  store_interleaved4(v0, v1, v2, v3, dh, n);
}

HWY_INLINE void store_dimage(V32 v0, V32 v1, V32 v2, bool accumulate, float* dimage, std::size_t n) {
  if (accumulate) {
    V32 old0, old1, old2;
    load_interleaved3(dimage, n, old0, old1, old2);
    v0 = hn::Add(v0, old0), v1 = hn::Add(v1, old1), v2 = hn::Add(v2, old2);
  }
  store_interleaved3(v0, v1, v2, dimage, n);
}

template <class T>
HWY_INLINE void backward_row(const BackwardRow<T>& row, bool accumulate_dh, bool accumulate_dimage,
                             std::int64_t width) {
  const V32 one = hn::Set(F32(), 1.0f);
  for (std::int64_t column = 0; column < width; column += static_cast<std::int64_t>(lanes())) {
    const std::size_t n =
        static_cast<std::size_t>(std::min(width - column, static_cast<std::int64_t>(lanes())));
    Blend blend;
    blend.load_from(row.h + 4 * column, row.image + 3 * column, n);
    V32 g0, g1, g2;
    load_interleaved3(row.dy + 3 * column, n, g0, g1, g2);
    const V32 share = hn::Mul(load_first(row.mask + column, n), blend.map);  // m a
    if (row.dh) {
      const V32 along = hn::MulAdd(g0, blend.difference0,
                                   hn::MulAdd(g1, blend.difference1, hn::Mul(g2, blend.difference2)));
      const V32 dmap = hn::Mul(hn::Mul(share, hn::Sub(one, blend.map)), along);
      store_dh(hn::Mul(share, g0), hn::Mul(share, g1), hn::Mul(share, g2), dmap, accumulate_dh,
               row.dh + 4 * column, n);
    }
    if (row.dimage) {
      const V32 rest = hn::Sub(one, share);
      store_dimage(hn::Mul(rest, g0), hn::Mul(rest, g1), hn::Mul(rest, g2), accumulate_dimage,
                   row.dimage + 3 * column, n);
    }
  }
}

template <class T>
void backward(Context& context, const Backward& a) {
  const Shape &h = a.h.shape, &image = a.image.shape;
  T* dh = a.dh_mode == GradientMode::ignore ? nullptr : a.dh.as<T>();
  float* dimage = a.dimage_mode == GradientMode::ignore ? nullptr : a.dimage.as<float>();
  parallel_for(context.threads(), h[0] * h[1], [&](std::int64_t h_row) HWY_ATTR {
    T* dh_row = dh ? dh + h_row * h[2] * 4 : nullptr;
    const std::int64_t y = h_row % h[1], inside = y < image[1] ? image[2] : 0;
    if (dh && a.dh_mode == GradientMode::overwrite)
      std::fill(dh_row + 4 * inside, dh_row + 4 * h[2], T(0.0f));
    if (inside == 0) return;
    const std::int64_t pixel = (h_row / h[1] * image[1] + y) * image[2];
    const BackwardRow<T> row{a.h.as<T>() + h_row * h[2] * 4,
                             a.image.as<float>() + 3 * pixel,
                             a.mask.as<float>() + pixel,
                             a.dy.as<float>() + 3 * pixel,
                             dh_row,
                             dimage ? dimage + 3 * pixel : nullptr};
    backward_row(row, a.dh_mode == GradientMode::accumulate, a.dimage_mode == GradientMode::accumulate,
                 image[2]);
  });
}

void forward_any(Context& context, const Forward& a) {
  a.h.dtype == DType::f32 ? forward<float>(context, a) : forward<bfloat16>(context, a);
}
void backward_any(Context& context, const Backward& a) {
  a.h.dtype == DType::f32 ? backward<float>(context, a) : backward<bfloat16>(context, a);
}

}  // namespace attune::blend_output::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::blend_output::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a) {
  require(a.h.dtype != DType::f64, ErrorKind::unsupported, "blend_output computes in f32, not f64");
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a);
}

void backward(Context& context, const Backward& a) {
  require(a.h.dtype != DType::f64, ErrorKind::unsupported, "blend_output computes in f32, not f64");
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a);
}

}  // namespace attune::blend_output::cpu
#endif
