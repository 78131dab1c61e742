// Per-channel sums over the pixels of a masked NHWC feature map, two for each region, from one pass over it.
//
// A Term says what is summed:
//     Value value = term.value(weights, c, element, n)           what both regions share
//     term.add(region, weight, value, c, first, second)          adds the region's terms to its two sums
// with `weights`, `c`, `element` and `n` as in region_walk-inl.h, and `weight` a vector or One.
#include "kernels/masked_style/region_walk-inl.h"

#if defined(ATTUNE_KERNELS_MASKED_STYLE_REGION_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_MASKED_STYLE_REGION_SUMS_INL_H_
#undef ATTUNE_KERNELS_MASKED_STYLE_REGION_SUMS_INL_H_
#else
#define ATTUNE_KERNELS_MASKED_STYLE_REGION_SUMS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::masked_style::HWY_NAMESPACE {

// Weight 1: no multiplication.
struct One {};
HWY_INLINE V32 multiply(V32 weight, V32 value) { return hn::Mul(weight, value); }
HWY_INLINE V32 multiply(One, V32 value) { return value; }

template <class Term>
HWY_INLINE void add_term(const Term& term, const BothRegions& weights, const typename Term::Value& value,
                         std::int64_t c, V32 (&sum)[4]) {
  term.add(0, weights.foreground, value, c, sum[0], sum[1]);
  term.add(1, weights.background, value, c, sum[2], sum[3]);
}
template <int region, class Term>
HWY_INLINE void add_term(const Term& term, OnlyRegion<region>, const typename Term::Value& value,
                         std::int64_t c, V32 (&sum)[4]) {
  term.add(region, One(), value, c, sum[2 * region], sum[2 * region + 1]);
}

// Adds one wide pixel to the sums of a block of channels.
template <std::size_t vectors, class Term>
struct BlockPixel {
  const Term& term;
  const std::int64_t (&channel)[vectors];
  V32 (&sum)[vectors][4];
  std::int64_t element;

  template <class Weights>
  HWY_INLINE void operator()(const Weights& weights) const {
    HWY_UNROLL(4)
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto value = term.value(weights, channel[v], element + channel[v], lanes());
      add_term(term, weights, value, channel[v], sum[v]);
    }
  }
};

// One block of `vectors` vectors of wide channels: its sums stay in registers while the pixels pass by, provided that
// every loop over them is unrolled (on the stack, where gcc puts them otherwise, the pass takes 2.5 times as long).
// A vector never reaches beyond the last channel: it moves back over its neighbour, and both find the same sums.
template <std::size_t vectors, class Term>
HWY_INLINE void reduce_block(const float* mask, std::int64_t pixels, std::int64_t channels,
                             std::int64_t first, const Term& term, float* sums, std::int64_t stride) {
  std::int64_t channel[vectors];
  V32 sum[vectors][4];
  HWY_UNROLL(4)
  for (std::size_t v = 0; v < vectors; ++v) {
    channel[v] = std::min((first + static_cast<std::int64_t>(v)) * step(), channels - step());
    sum[v][0] = sum[v][1] = sum[v][2] = sum[v][3] = hn::Zero(F32());
  }
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
    visit_pixel(mask[pixel], BlockPixel<vectors, Term>{term, channel, sum, pixel * channels});
  HWY_UNROLL(4)
  for (std::size_t v = 0; v < vectors; ++v) {
    HWY_UNROLL(4)
    for (int k = 0; k < 4; ++k) store(sum[v][k], sums + k * stride + channel[v]);
  }
}

template <class Term>
HWY_INLINE void reduce_wide(const float* mask, std::int64_t pixels, std::int64_t channels, const Term& term,
                            float* sums, std::int64_t stride) {
  // Four sums a vector: 16 of AVX-512's 32 registers, 8 of the 16 that other targets have.
  constexpr std::int64_t most = HWY_TARGET <= HWY_AVX3 ? 4 : 2;
  const std::int64_t vectors = (channels + step() - 1) / step();
  const std::int64_t blocks = (vectors + most - 1) / most, per_block = (vectors + blocks - 1) / blocks;
  for (std::int64_t first = 0; first < vectors; first += per_block) {
    switch (per_block) {
      case 1:
        reduce_block<1>(mask, pixels, channels, first, term, sums, stride);
        break;
      case 2:
        reduce_block<2>(mask, pixels, channels, first, term, sums, stride);
        break;
      case 3:
        reduce_block<3>(mask, pixels, channels, first, term, sums, stride);
        break;
      default:
        reduce_block<4>(mask, pixels, channels, first, term, sums, stride);
        break;
    }
  }
}

// Adds one narrow vector to its rows of sums.
template <class Term>
struct NarrowVector {
  const Term& term;
  float* sums;
  std::int64_t stride;

  HWY_INLINE void operator()(const BothRegions& weights, std::int64_t c, std::int64_t element,
                             std::size_t n) const {
    V32 sum[4] = {load(row(0) + c), load(row(1) + c), load(row(2) + c), load(row(3) + c)};
    add_term(term, weights, term.value(weights, c, element, n), c, sum);
    HWY_UNROLL(4)
    for (int k = 0; k < 4; ++k) store(sum[k], row(k) + c);
  }
  HWY_INLINE float* row(int k) const { return sums + k * stride; }
};

template <class Term>
HWY_INLINE void reduce_narrow(const float* mask, std::int64_t pixels, std::int64_t channels, const Term& term,
                              float* sums, std::int64_t stride) {
  const NarrowVector<Term> add{term, sums, stride};
  for (int k = 0; k < 4; ++k) std::fill_n(add.row(k), row_length(channels), 0.0f);
  walk_narrow(mask, pixels, channels, add);
  for (int k = 0; k < 4; ++k)
    for (std::int64_t copy = channels; copy < row_length(channels); copy += channels)
      for (std::int64_t c = 0; c < channels; ++c) add.row(k)[c] += add.row(k)[copy + c];
}

// The sums of a run of pixels, to rows 2 region + (0 first, 1 second) of `stride` floats.
template <class Term>
HWY_INLINE void reduce(const float* mask, std::int64_t pixels, std::int64_t channels, const Term& term,
                       float* sums, std::int64_t stride) {
  if (is_narrow(channels)) return reduce_narrow(mask, pixels, channels, term, sums, stride);
  reduce_wide(mask, pixels, channels, term, sums, stride);
}

}  // namespace attune::masked_style::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_MASKED_STYLE_REGION_SUMS_INL_H_
