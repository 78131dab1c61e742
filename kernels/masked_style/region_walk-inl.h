// The elementwise loop over a masked NHWC feature map: hands vectors of 32-bit lanes to a body together with the
// weights of foreground (m) and background (1 - m) in these lanes.
//
// wide    C >= lanes: a vector is part of one pixel, and most pixels lie in one region: then the body is told so at
//         compile time and the other region costs nothing.
// narrow  C <  lanes: `lanes` pixels fill exactly C vectors; element j of such a group is channel j % C of pixel
//         j / C, so that no lane is wasted. Rows of per-channel values hold the channels repeated (`spread`).
//
// Either way `c` is the body's index into rows of row_stride(C) floats, and `element` its index into x. Bodies are
// structs with HWY_INLINE members: gcc leaves a lambda that is called from several places as a call.
#include "core/simd-inl.h"
#include "kernels/masked_style/runs.h"

#if defined(ATTUNE_KERNELS_MASKED_STYLE_REGION_WALK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_MASKED_STYLE_REGION_WALK_INL_H_
#undef ATTUNE_KERNELS_MASKED_STYLE_REGION_WALK_INL_H_
#else
#define ATTUNE_KERNELS_MASKED_STYLE_REGION_WALK_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::masked_style::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace): core/simd-inl.h

HWY_INLINE std::int64_t step() { return static_cast<std::int64_t>(lanes()); }
HWY_INLINE bool is_narrow(std::int64_t channels) { return channels < step(); }
// How many floats of a row are in use: all channels, repeated where they are narrow.
HWY_INLINE std::int64_t row_length(std::int64_t channels) {
  return is_narrow(channels) ? channels * step() : channels;
}

// The first n <= lanes() elements, a whole vector the quick way; the other lanes are 0.
template <class T>
HWY_INLINE V32 load_part(const T* p, std::size_t n) {
  return n == lanes() ? load(p) : load_n(p, n);
}
template <class T>
HWY_INLINE void store_part(V32 v, T* p, std::size_t n) {
  n == lanes() ? store(v, p) : store_n(v, p, n);
}

// Fills a row from its first `channels` values.
HWY_INLINE void spread(float* row, std::int64_t channels) {
  for (std::int64_t i = channels; i < row_length(channels); ++i) row[i] = row[i - channels];
}

// The weights of a vector's lanes in foreground and background: any, or 1 in one region and 0 in the other.
struct BothRegions {
  V32 foreground, background;
};
template <int region>
struct OnlyRegion {};

// sum_r w_r term(r)
template <class Term>
HWY_INLINE V32 weigh(const BothRegions& weights, const Term& term) {
  return hn::MulAdd(weights.foreground, term(0), hn::Mul(weights.background, term(1)));
}
template <int region, class Term>
HWY_INLINE V32 weigh(OnlyRegion<region>, const Term& term) {
  return term(region);
}

// Calls visit with the weights of a wide pixel.
template <class Visit>
HWY_INLINE void visit_pixel(float m, Visit&& visit) {
  if (m == 1)
    visit(OnlyRegion<0>());
  else if (m == 0)
    visit(OnlyRegion<1>());
  else
    visit(BothRegions{hn::Set(F32(), m), hn::Set(F32(), 1.0f - m)});
}

// The pixel of each element in a narrow group: lane l of vector v belongs to pixel (v lanes + l) / C.
class GroupWeights {
 public:
  explicit GroupWeights(std::int64_t channels) {
    std::int32_t* to = pixel_of_;
    for (std::int64_t pixel = 0; pixel < step(); ++pixel)
      for (std::int64_t channel = 0; channel < channels; ++channel) *to++ = static_cast<std::int32_t>(pixel);
  }
  // The pixels' values in the lanes of vector `v`.
  HWY_INLINE V32 expand(V32 pixels, std::int64_t v) const {
    return hn::TableLookupLanes(pixels, hn::SetTableIndices(F32(), pixel_of_ + v * step()));
  }

 private:
  HWY_ALIGN std::int32_t pixel_of_[HWY_MAX_BYTES / 4 * (HWY_MAX_BYTES / 4)];
};

// body(foreground weights, background weights, coefficient, element, n) for vectors of narrow pixels; the
// last one may have n < lanes() elements, and weight 0 beyond them.
template <class Body>
HWY_INLINE void walk_narrow(const float* mask, std::int64_t pixels, std::int64_t channels, const Body& body) {
  const GroupWeights weights(channels);
  const V32 one = hn::Set(F32(), 1.0f);
  std::int64_t pixel = 0;
  for (; pixel + step() <= pixels; pixel += step()) {
    const V32 m = load(mask + pixel);
    for (std::int64_t v = 0; v < channels; ++v) {
      const V32 foreground = weights.expand(m, v);
      body(BothRegions{foreground, hn::Sub(one, foreground)}, v * step(), pixel * channels + v * step(),
           lanes());
    }
  }
  if (pixel == pixels) return;
  const V32 m = load_n(mask + pixel, static_cast<std::size_t>(pixels - pixel));
  const std::int64_t elements = (pixels - pixel) * channels;
  for (std::int64_t offset = 0; offset < elements; offset += step()) {
    const auto n = static_cast<std::size_t>(std::min(step(), elements - offset));
    const V32 foreground = weights.expand(m, offset / step());
    const V32 background = hn::IfThenElseZero(hn::FirstN(F32(), n), hn::Sub(one, foreground));
    body(BothRegions{foreground, background}, offset, pixel * channels + offset, n);
  }
}

// The vectors of one wide pixel.
template <class Body>
struct PixelVectors {
  const Body& body;
  std::int64_t channels, element;

  template <class Weights>
  HWY_INLINE void operator()(const Weights& weights) const {
    const std::int64_t whole = channels / step() * step();
    for (std::int64_t c = 0; c < whole; c += step()) body(weights, c, element + c, lanes());
    if (whole != channels) body(weights, whole, element + whole, static_cast<std::size_t>(channels - whole));
  }
};

// body(weights, c, element, n) once for every element.
template <class Body>
HWY_INLINE void for_each_vector(const float* mask, std::int64_t pixels, std::int64_t channels,
                                const Body& body) {
  if (is_narrow(channels)) return walk_narrow(mask, pixels, channels, body);
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
    visit_pixel(mask[pixel], PixelVectors<Body>{body, channels, pixel * channels});
}

}  // namespace attune::masked_style::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_MASKED_STYLE_REGION_WALK_INL_H_
