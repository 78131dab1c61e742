// Powers by logarithm and exponential, a vector at a time: std::pow took five times as long.
#include "embed/transfer.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "embed/transfer.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd-inl.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE V32 power(V32 x, float exponent) {
  return hn::Exp(F32(), hn::Mul(hn::Set(F32(), exponent), hn::Log(F32(), x)));
}

// By which side of the curve's joint x lies on. Highway's logarithm makes a number of what is none: that stays as it is.
HWY_INLINE V32 either(V32 x, float joint, V32 straight, V32 curved) {
  const V32 finite = hn::IfThenElse(hn::Le(x, hn::Set(F32(), joint)), straight, curved);
  return hn::IfThenElse(hn::Le(x, hn::Set(F32(), std::numeric_limits<float>::max())), finite, x);
}

struct FromLinear {
  HWY_INLINE V32 operator()(V32 x) const {
    const V32 straight = hn::Mul(x, hn::Set(F32(), 12.92f));
    const V32 curved = hn::MulAdd(hn::Set(F32(), 1.055f), power(x, 1 / 2.4f), hn::Set(F32(), -0.055f));
    return either(x, 0.0031308f, straight, curved);
  }
};

struct FromSrgb {
  HWY_INLINE V32 operator()(V32 x) const {
    const V32 straight = hn::Mul(x, hn::Set(F32(), 1 / 12.92f));
    const V32 curved =
        power(hn::MulAdd(x, hn::Set(F32(), 1 / 1.055f), hn::Set(F32(), 0.055f / 1.055f)), 2.4f);
    return either(x, 0.04045f, straight, curved);
  }
};

template <class Function>
HWY_INLINE void for_all(const float* in, float* out, std::int64_t count, const Function& function) {
  const auto step = static_cast<std::int64_t>(lanes());
  for (std::int64_t i = 0; i < count; i += step) {
    const auto n = static_cast<std::size_t>(std::min(step, count - i));
    const V32 x = load_first(in + i, n);
    store_first(hn::CopySignToAbs(function(hn::Abs(x)), x), out + i, n);
  }
}

void srgb_from_linear_any(const float* in, float* out, std::int64_t count) {
  for_all(in, out, count, FromLinear());
}
void linear_from_srgb_any(const float* in, float* out, std::int64_t count) {
  for_all(in, out, count, FromSrgb());
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune {

HWY_EXPORT(srgb_from_linear_any);
HWY_EXPORT(linear_from_srgb_any);

void srgb_from_linear(const float* in, float* out, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(srgb_from_linear_any)(in, out, count);
}
void linear_from_srgb(const float* in, float* out, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(linear_from_srgb_any)(in, out, count);
}

}  // namespace attune
#endif
