// sRGB's transfer function on a vector: powers by logarithm and exponential, in a fifth of std::pow's time. Included once
// per target.
#include <limits>

#include "core/simd-inl.h"
#include "hwy/contrib/math/math-inl.h"

#if defined(ATTUNE_CORE_TRANSFER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_CORE_TRANSFER_INL_H_
#undef ATTUNE_CORE_TRANSFER_INL_H_
#else
#define ATTUNE_CORE_TRANSFER_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {

HWY_INLINE V32 power(V32 x, float exponent) {
  return hn::Exp(F32(), hn::Mul(hn::Set(F32(), exponent), hn::Log(F32(), x)));
}

// By which side of the curve's joint |x| = size lies on. Highway's logarithm makes a number of what is none: that stays as
// it is.
HWY_INLINE V32 either(V32 x, V32 size, float joint, V32 straight, V32 curved) {
  const V32 finite = hn::IfThenElse(hn::Le(size, hn::Set(F32(), joint)), straight, curved);
  const V32 any =
      hn::IfThenElse(hn::Le(size, hn::Set(F32(), std::numeric_limits<float>::max())), finite, size);
  return hn::CopySignToAbs(any, x);
}

HWY_INLINE V32 srgb_from_linear(V32 x) {
  const V32 size = hn::Abs(x), straight = hn::Mul(size, hn::Set(F32(), 12.92f));
  const V32 curved = hn::MulAdd(hn::Set(F32(), 1.055f), power(size, 1 / 2.4f), hn::Set(F32(), -0.055f));
  return either(x, size, 0.0031308f, straight, curved);
}

HWY_INLINE V32 linear_from_srgb(V32 x) {
  const V32 size = hn::Abs(x), straight = hn::Mul(size, hn::Set(F32(), 1 / 12.92f));
  const V32 curved =
      power(hn::MulAdd(size, hn::Set(F32(), 1 / 1.055f), hn::Set(F32(), 0.055f / 1.055f)), 2.4f);
  return either(x, size, 0.04045f, straight, curved);
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_CORE_TRANSFER_INL_H_
