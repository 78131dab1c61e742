// Mean and squared deviations of both regions: one run in one pass, then pairwise merging of an image's runs.
// masked_style and style_fusion share it.
#include <cmath>

#include "kernels/masked_style/masked_style.h"
#include "kernels/masked_style/region_sums-inl.h"
#include "kernels/masked_style/runs.h"

#if defined(ATTUNE_KERNELS_MASKED_STYLE_STATISTICS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_MASKED_STYLE_STATISTICS_INL_H_
#undef ATTUNE_KERNELS_MASKED_STYLE_STATISTICS_INL_H_
#else
#define ATTUNE_KERNELS_MASKED_STYLE_STATISTICS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::masked_style::HWY_NAMESPACE {

// For reduce: S = sum w (x - shift), Q = sum w (x - shift)^2.
template <class T>
struct ShiftedSums {
  using Value = V32;
  const T* x;
  const float* shift;
  std::int64_t stride;

  template <class Weights>
  HWY_INLINE V32 value(const Weights&, std::int64_t, std::int64_t element, std::size_t n) const {
    return load_part(x + element, n);
  }
  template <class Weight>
  HWY_INLINE void add(int region, Weight weight, V32 value, std::int64_t c, V32& sum, V32& square) const {
    const V32 difference = hn::Sub(value, load(shift + region * stride + c));
    const V32 weighted = multiply(weight, difference);
    sum = hn::Add(sum, weighted);
    square = hn::MulAdd(weighted, difference, square);
  }
};

struct RegionSummary {
  float weight;
  std::int64_t first;  // the first pixel that has weight; 0 where none has
};

// `region` 0 weighs pixels by m, 1 by 1 - m.
HWY_INLINE RegionSummary summarize_region(const float* mask, std::int64_t pixels, int region) {
  const V32 one = hn::Set(F32(), 1.0f);
  V32 sum = hn::Zero(F32());
  std::int64_t first = -1;
  for (std::int64_t pixel = 0; pixel < pixels; pixel += step()) {
    const auto n = static_cast<std::size_t>(std::min(step(), pixels - pixel));
    const V32 m = load_part(mask + pixel, n);
    const V32 weight = region == 0 ? m : hn::IfThenElseZero(hn::FirstN(F32(), n), hn::Sub(one, m));
    sum = hn::Add(sum, weight);
    const auto found = hn::Gt(weight, hn::Zero(F32()));
    if (first < 0 && !hn::AllFalse(F32(), found)) first = pixel + hn::FindFirstTrue(F32(), found);
  }
  return {hn::GetLane(hn::SumOfLanes(F32(), sum)), std::max<std::int64_t>(first, 0)};
}

// Sums shifted by the region's own first pixel: with x - shift of the order of the region's spread, nothing
// cancels in Q - S^2 / W, and a constant region has variance 0 exactly, whatever the other region holds.
template <class T>
HWY_INLINE void accumulate_run(const T* x, const float* mask, std::int64_t pixels, std::int64_t channels,
                               const Partial& partial) {
  const std::int64_t stride = partial.stride();
  for (int region = 0; region < 2; ++region) {
    const RegionSummary summary = summarize_region(mask, pixels, region);
    partial.weight(region) = summary.weight;
    if (pixels == 0) continue;
    const T* shift = x + summary.first * channels;
    for (std::int64_t c = 0; c < channels; ++c) partial.mean(region)[c] = static_cast<float>(shift[c]);
    spread(partial.mean(region), channels);
  }
  reduce(mask, pixels, channels, ShiftedSums<T>{x, partial.mean(0), stride}, partial.sums(), stride);
  for (int region = 0; region < 2; ++region) {
    if (partial.weight(region) == 0) continue;
    const V32 inverse = hn::Set(F32(), 1.0f / partial.weight(region));
    float* mean = partial.mean(region);
    float* squares = partial.squares(region);
    const float* sum = squares - stride;
    for (std::int64_t c = 0; c < channels; c += step()) {  // rows are padded to whole vectors
      const V32 difference = hn::Mul(load(sum + c), inverse);
      store(hn::Add(load(mean + c), difference), mean + c);
      store(hn::Max(hn::Zero(F32()), hn::NegMulAdd(load(sum + c), difference, load(squares + c))),
            squares + c);
    }
  }
}

// Chan, Golub and LeVeque's formula: `a` becomes the statistics of both.
HWY_INLINE void merge(const Partial& a, const Partial& b, std::int64_t channels) {
  for (int region = 0; region < 2; ++region) {
    if (b.weight(region) == 0) continue;
    const float before = a.weight(region), total = before + b.weight(region);
    const float share = b.weight(region) / total;
    a.weight(region) = total;
    if (before == 0) {
      std::copy_n(b.mean(region), channels, a.mean(region));
      std::copy_n(b.squares(region), channels, a.squares(region));
      continue;
    }
    const V32 mean_share = hn::Set(F32(), share), square_share = hn::Set(F32(), before * share);
    for (std::int64_t c = 0; c < channels; c += step()) {
      float* mean = a.mean(region) + c;
      float* squares = a.squares(region) + c;
      const V32 difference = hn::Sub(load(b.mean(region) + c), load(mean));
      store(hn::MulAdd(difference, mean_share, load(mean)), mean);
      const V32 both = hn::Add(load(squares), load(b.squares(region) + c));
      store(hn::MulAdd(hn::Mul(difference, difference), square_share, both), squares);
    }
  }
}

// Merges the partials of one image, `runs.per_image` of them from `data`, pairwise in a fixed order: rounding
// grows with the logarithm of their number. Then writes the image's statistics to rows of C floats.
HWY_INLINE void finish_image(float* data, const Runs& runs, std::int64_t image, float eps, float* mean,
                             float* sd, float* weight) {
  const std::int64_t channels = runs.channels, size = Partial::floats(channels);
  for (std::int64_t distance = 1; distance < runs.per_image; distance *= 2)
    for (std::int64_t run = 0; run + distance < runs.per_image; run += 2 * distance)
      merge(Partial(data + run * size, channels), Partial(data + (run + distance) * size, channels),
            channels);
  const Partial whole(data, channels);
  for (int region = 0; region < 2; ++region) {
    const float total = whole.weight(region);
    const std::int64_t row = region * runs.images + image;
    weight[row] = total;
    for (std::int64_t c = 0; c < channels; ++c) {
      const bool valid = total >= minimum_weight;
      mean[row * channels + c] = valid ? whole.mean(region)[c] : 0.0f;
      sd[row * channels + c] = valid ? std::sqrt(whole.squares(region)[c] / total + eps) : 1.0f;
    }
  }
}

}  // namespace attune::masked_style::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_MASKED_STYLE_STATISTICS_INL_H_
