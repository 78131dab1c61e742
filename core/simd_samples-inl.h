// Samples of pictures (pixel_rows.h) as f32 vectors: S is std::uint8_t, std::uint16_t or float. Included once per target,
// as simd-inl.h is.
#include <type_traits>

#include "core/simd-inl.h"

#if defined(ATTUNE_CORE_SIMD_SAMPLES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_CORE_SIMD_SAMPLES_INL_H_
#undef ATTUNE_CORE_SIMD_SAMPLES_INL_H_
#else
#define ATTUNE_CORE_SIMD_SAMPLES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::HWY_NAMESPACE {

// As many samples as there are floats in a vector.
template <class S>
using SampleTag = hn::Rebind<S, F32>;

template <class S>
HWY_INLINE V32 widened(hn::Vec<SampleTag<S>> samples) {
  if constexpr (std::is_same_v<S, float>)
    return samples;
  else
    return hn::ConvertTo(F32(), hn::PromoteTo(hn::RebindToSigned<F32>(), samples));
}

}  // namespace attune::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_CORE_SIMD_SAMPLES_INL_H_
