// A row at a time. A padded row is packed from the picture's last row once more: copying the packed one would
// make its task wait for another.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/pack_input/pack_input.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pack_input/pack_input_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd_interleave-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::pack_input::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE std::size_t columns_left(std::int64_t width, std::int64_t column) {
  return static_cast<std::size_t>(std::min(width - column, static_cast<std::int64_t>(lanes())));
}

// One row of x; `mask` may be null.
template <class T>
HWY_INLINE void pack_row(const float* picture, const float* mask, std::int64_t width, T* x,
                         std::int64_t padded_width) {
  const V32 half = hn::Set(F32(), 0.5f);
  for (std::int64_t column = 0; column < width; column += static_cast<std::int64_t>(lanes())) {
    const std::size_t n = columns_left(width, column);
    V32 r, g, b;
    load_interleaved3(picture + 3 * column, n, r, g, b);
    const V32 m = mask ? load_first(mask + column, n) : hn::Zero(F32());
    store_interleaved4(hn::Sub(r, half), hn::Sub(g, half), hn::Sub(b, half), m, x + 4 * column, n);
  }
  for (std::int64_t column = width; column < padded_width; ++column)
    std::copy_n(x + 4 * (width - 1), 4, x + 4 * column);
}

template <class T>
void forward(Context& context, const Forward& a) {
  const Shape &picture = a.picture.shape, &x = a.x.shape;
  const auto* mask = a.mask.empty() ? nullptr : a.mask.as<float>();
  parallel_for(context.threads(), x[0] * x[1], [&](std::int64_t row) HWY_ATTR {
    const std::int64_t source = row / x[1] * picture[1] + std::min(row % x[1], picture[1] - 1);
    pack_row(a.picture.as<float>() + source * picture[2] * 3, mask ? mask + source * picture[2] : nullptr,
             picture[2], a.x.as<T>() + row * x[2] * 4, x[2]);
  });
}

// Adds the row's own pixels of dx, and what is padded to the right of it to its last pixel.
template <class T>
HWY_INLINE void add_row(const T* dx, std::int64_t padded_width, bool add, float* dpicture,
                        std::int64_t width) {
  for (std::int64_t column = 0; column < width; column += static_cast<std::int64_t>(lanes())) {
    const std::size_t n = columns_left(width, column);
    V32 r, g, b, mask;
    load_interleaved4(dx + 4 * column, n, r, g, b, mask);
    if (add) {
      V32 old_r, old_g, old_b;
      load_interleaved3(dpicture + 3 * column, n, old_r, old_g, old_b);
      r = hn::Add(r, old_r), g = hn::Add(g, old_g), b = hn::Add(b, old_b);
    }
    store_interleaved3(r, g, b, dpicture + 3 * column, n);
  }
  for (std::int64_t column = width; column < padded_width; ++column)
    for (std::int64_t c = 0; c < 3; ++c)
      dpicture[3 * (width - 1) + c] += static_cast<float>(dx[4 * column + c]);
}

template <class T>
void backward(Context& context, const Backward& a) {
  const Shape &picture = a.dpicture.shape, &dx = a.dx.shape;
  parallel_for(context.threads(), picture[0] * picture[1], [&](std::int64_t row) HWY_ATTR {
    const std::int64_t y = row % picture[1], end = y == picture[1] - 1 ? dx[1] : y + 1;
    float* dpicture = a.dpicture.as<float>() + row * picture[2] * 3;
    for (std::int64_t source = y; source < end; ++source)
      add_row(a.dx.as<T>() + (row / picture[1] * dx[1] + source) * dx[2] * 4, dx[2],
              source > y || a.dpicture_mode == GradientMode::accumulate, dpicture, picture[2]);
  });
}

void forward_any(Context& context, const Forward& a) {
  a.x.dtype == DType::f32 ? forward<float>(context, a) : forward<bfloat16>(context, a);
}
void backward_any(Context& context, const Backward& a) {
  a.dx.dtype == DType::f32 ? backward<float>(context, a) : backward<bfloat16>(context, a);
}

}  // namespace attune::pack_input::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::pack_input::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void forward(Context& context, const Forward& a) {
  require(a.x.dtype != DType::f64, ErrorKind::unsupported, "pack_input computes in f32, not f64");
  if (a.x.elements() == 0) return;
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a);
}

void backward(Context& context, const Backward& a) {
  require(a.dx.dtype != DType::f64, ErrorKind::unsupported, "pack_input computes in f32, not f64");
  if (a.dpicture.elements() == 0) return;
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a);
}

void pad_mask(Context& context, const PadMask& a) {
  require(a.mask.dtype != DType::f64, ErrorKind::unsupported, "pack_input computes in f32, not f64");
  const Shape &mask = a.mask.shape, &padded = a.padded.shape;
  if (padded.elements() == 0) return;
  parallel_for(context.threads(), padded[0] * padded[1], [&](std::int64_t row) {
    const std::int64_t source = row / padded[1] * mask[1] + std::min(row % padded[1], mask[1] - 1);
    const float* from = a.mask.as<float>() + source * mask[2];
    float* to = a.padded.as<float>() + row * padded[2];
    std::copy_n(from, mask[2], to);
    std::fill(to + mask[2], to + padded[2], from[mask[2] - 1]);
  });
}

}  // namespace attune::pack_input::cpu
#endif
