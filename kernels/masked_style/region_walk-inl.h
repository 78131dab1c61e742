// Two loops that every kernel over a masked NHWC feature map is made of: `for_each_vector` for elementwise
// passes and `reduce` for per-channel sums of both regions. Each hands vectors of 32-bit lanes to a body
// together with the weights of foreground (m) and background (1 - m) in these lanes.
//
// wide    C >= lanes: a vector is part of one pixel; its weights are the pixel's, broadcast.
// narrow  C <  lanes: `lanes` pixels fill exactly C vectors; element j of such a group is channel j % C of
// pixel j / C,
//         so that no lane is wasted. Rows of per-channel values hold the channels repeated (`spread`).
//
// Either way `coefficient` is the body's index into rows of row_stride(C) floats, and `element` its index
// into x.
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
      body(foreground, hn::Sub(one, foreground), v * step(), pixel * channels + v * step(), lanes());
    }
  }
  if (pixel == pixels) return;
  const V32 m = load_n(mask + pixel, static_cast<std::size_t>(pixels - pixel));
  const std::int64_t elements = (pixels - pixel) * channels;
  for (std::int64_t offset = 0; offset < elements; offset += step()) {
    const auto n = static_cast<std::size_t>(std::min(step(), elements - offset));
    const V32 foreground = weights.expand(m, offset / step());
    const V32 background = hn::IfThenElseZero(hn::FirstN(F32(), n), hn::Sub(one, foreground));
    body(foreground, background, offset, pixel * channels + offset, n);
  }
}

// body(foreground weights, background weights, coefficient, element, n) once for every element.
template <class Body>
HWY_INLINE void for_each_vector(const float* mask, std::int64_t pixels, std::int64_t channels,
                                const Body& body) {
  if (is_narrow(channels)) return walk_narrow(mask, pixels, channels, body);
  const std::int64_t whole = channels / step() * step();
  const auto rest = static_cast<std::size_t>(channels - whole);
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    const V32 foreground = hn::Set(F32(), mask[pixel]);
    const V32 background = hn::Set(F32(), 1.0f - mask[pixel]);
    const std::int64_t element = pixel * channels;
    for (std::int64_t c = 0; c < whole; c += step()) body(foreground, background, c, element + c, lanes());
    if (rest != 0) body(foreground, background, whole, element + whole, rest);
  }
}

// One block of `vectors` vectors of wide channels: its sums stay in registers while the pixels pass by.
// A vector never reaches beyond the last channel: it moves back over its neighbour, and both find the same
// sums.
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
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    const float m = mask[pixel];
    const V32 foreground = hn::Set(F32(), m), background = hn::Set(F32(), 1.0f - m);
    typename Term::Value value[vectors];
    HWY_UNROLL(4)
    for (std::size_t v = 0; v < vectors; ++v)
      value[v] = term.value(foreground, background, channel[v], pixel * channels + channel[v], lanes());
    // Most pixels have weight in one region only: the other one costs nothing there.
    if (m > 0) {
      HWY_UNROLL(4)
      for (std::size_t v = 0; v < vectors; ++v)
        term.add(0, foreground, value[v], channel[v], sum[v][0], sum[v][1]);
    }
    if (m < 1) {
      HWY_UNROLL(4)
      for (std::size_t v = 0; v < vectors; ++v)
        term.add(1, background, value[v], channel[v], sum[v][2], sum[v][3]);
    }
  }
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

template <class Term>
HWY_INLINE void reduce_narrow(const float* mask, std::int64_t pixels, std::int64_t channels, const Term& term,
                              float* sums, std::int64_t stride) {
  for (int k = 0; k < 4; ++k) std::fill_n(sums + k * stride, row_length(channels), 0.0f);
  walk_narrow(mask, pixels, channels,
              [&](V32 foreground, V32 background, std::int64_t coefficient, std::int64_t element,
                  std::size_t n) HWY_ATTR {
                const auto value = term.value(foreground, background, coefficient, element, n);
                for (int region = 0; region < 2; ++region) {
                  float* row = sums + 2 * region * stride + coefficient;
                  V32 first = load(row), second = load(row + stride);
                  term.add(region, region == 0 ? foreground : background, value, coefficient, first, second);
                  store(first, row);
                  store(second, row + stride);
                }
              });
  for (int k = 0; k < 4; ++k) {
    float* row = sums + k * stride;
    for (std::int64_t copy = channels; copy < row_length(channels); copy += channels)
      for (std::int64_t c = 0; c < channels; ++c) row[c] += row[copy + c];
  }
}

// Two sums for each region and channel over a run of pixels, to sums[2 region + which][channel]:
//   value = term.value(foreground weights, background weights, coefficient, element, n)   what both regions
//   share term.add(region, weights, value, coefficient, first sum, second sum)                  adds the
//   region's terms
template <class Term>
HWY_INLINE void reduce(const float* mask, std::int64_t pixels, std::int64_t channels, const Term& term,
                       float* sums, std::int64_t stride) {
  if (is_narrow(channels)) return reduce_narrow(mask, pixels, channels, term, sums, stride);
  reduce_wide(mask, pixels, channels, term, sums, stride);
}

}  // namespace attune::masked_style::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_MASKED_STYLE_REGION_WALK_INL_H_
