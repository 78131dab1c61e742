// Packed rows of 8 or 16 bits or floats: a vector of pixels is widened to f32, transformed and narrowed in registers.
// Vectors without any mask are copied.
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/parallel.h"
#include "kernels/color_transform/color_transform.h"
#include "kernels/color_transform/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/color_transform/apply_rows_cpu.cpp"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd_samples-inl.h"
#include "core/transfer-inl.h"
#include "kernels/color_transform/masked_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

// Clamped to [low, high] within [0, peak], halves rounded up. What is added is the largest float below 1/2: with
// 1/2 itself the largest value below 1/2 would round to 1. An integer plus 2^23 has itself as its lowest bits:
// cheaper than conversions that saturate.
template <class S>
HWY_INLINE hn::Vec<SampleTag<S>> narrow_samples(V32 value, V32 low, V32 high) {
  const V32 clamped = hn::Min(hn::Max(value, low), high);
  const V32 rounded = hn::Floor(hn::Add(clamped, hn::Set(F32(), half_to_round)));
  const V32 shifted = hn::Add(rounded, hn::Set(F32(), 0x1p23f));
  return hn::TruncateTo(SampleTag<S>(), hn::BitCast(hn::RebindToUnsigned<F32>(), shifted));
}

// The samples of a vector of pixels; alpha only passes through.
template <class S, int channels>
struct PackedPixels {
  hn::Vec<SampleTag<S>> red, green, blue, alpha;

  HWY_INLINE void load_from(const S* p, bool reversed) {
    const SampleTag<S> tag;
    if constexpr (channels == 3)
      reversed ? hn::LoadInterleaved3(tag, p, blue, green, red)
               : hn::LoadInterleaved3(tag, p, red, green, blue);
    else
      reversed ? hn::LoadInterleaved4(tag, p, blue, green, red, alpha)
               : hn::LoadInterleaved4(tag, p, red, green, blue, alpha);
  }
  HWY_INLINE void store_to(S* p, bool reversed) const {
    const SampleTag<S> tag;
    if constexpr (channels == 3)
      reversed ? hn::StoreInterleaved3(blue, green, red, tag, p)
               : hn::StoreInterleaved3(red, green, blue, tag, p);
    else
      reversed ? hn::StoreInterleaved4(blue, green, red, alpha, tag, p)
               : hn::StoreInterleaved4(red, green, blue, alpha, tag, p);
  }
};

// The mask's weights at the pixels from `column` on, times the strength. Inverted, |m - peak| is exactly 0 at the peak.
template <class M>
class MaskRow {
 public:
  MaskRow(const void* mask, float strength, bool inverted)
      : mask_(static_cast<const M*>(mask)), factor_(strength) {
    if constexpr (std::is_same_v<M, std::uint8_t>) factor_ /= peak_of<M>;
    if constexpr (!std::is_same_v<M, void>) zero_ = inverted ? peak_of<M> : 0;
  }

  HWY_INLINE V32 at(std::int64_t column, std::size_t n) const {
    const V32 factor = hn::Set(F32(), factor_);
    if constexpr (std::is_same_v<M, void>) {
      return factor;
    } else {
      return hn::Mul(hn::AbsDiff(values(column, n), hn::Set(F32(), zero_)), factor);
    }
  }

 private:
  HWY_INLINE V32 values(std::int64_t column, std::size_t n) const {
    if (n == lanes()) return widened<M>(hn::LoadU(SampleTag<M>(), mask_ + column));
    HWY_ALIGN M tail[max_lanes] = {};
    std::memcpy(tail, mask_ + column, n * sizeof(M));
    return widened<M>(hn::Load(SampleTag<M>(), tail));
  }

  const M* mask_;
  float factor_, zero_ = 0;
};

// v + s (clamp(v + d) - v), which is v + s d clamped to what [0, peak] becomes: [v - s v, v - s v + s peak]; of a float
// outside, to what [min(0, v), max(1, v)] becomes. m = 0 leaves a float alone, however those bounds round.
template <class S>
HWY_INLINE hn::Vec<SampleTag<S>> mixed_samples(V32 v, V32 m, V32 mixed, float strength) {
  const V32 rest = hn::Mul(v, hn::Set(F32(), 1 - strength));
  if constexpr (std::is_same_v<S, float>) {
    const V32 s = hn::Set(F32(), strength), zero = hn::Zero(F32()), peak = hn::Set(F32(), peak_of<S>);
    const V32 low = hn::MulAdd(s, hn::Min(v, zero), rest), high = hn::MulAdd(s, hn::Max(v, peak), rest);
    return hn::IfThenElse(hn::Eq(m, zero), v, hn::Min(hn::Max(mixed, low), high));
  } else {
    return narrow_samples<S>(mixed, rest, hn::Add(rest, hn::Set(F32(), strength * peak_of<S>)));
  }
}

// Linear floats are computed with in sRGB, and stay exactly as they are where m = 0.
template <bool linear>
HWY_INLINE V32 encoded(V32 v) {
  if constexpr (linear)
    return srgb_from_linear(v);
  else
    return v;
}
template <bool linear, class V>
HWY_INLINE V decoded(V srgb, V32 m, V before) {
  if constexpr (linear)
    return hn::IfThenElse(hn::Eq(m, hn::Zero(F32())), before, linear_from_srgb(srgb));
  else
    return srgb;
}

// v + strength (h - v) for a vector of pixels; m is the mask times the strength.
template <class S, bool linear, int channels, class Parameter>
HWY_INLINE void transform_pixels(const Parameter& parameter, V32 m, float strength,
                                 PackedPixels<S, channels>& pixels) {
  const V32 half = hn::Set(F32(), peak_of<S> / 2), peak = hn::Set(F32(), peak_of<S>);
  const V32 v0 = encoded<linear>(widened<S>(pixels.red)), v1 = encoded<linear>(widened<S>(pixels.green)),
            v2 = encoded<linear>(widened<S>(pixels.blue));
  const V32 x0 = hn::Sub(v0, half), x1 = hn::Sub(v1, half), x2 = hn::Sub(v2, half);
  const V32 t0 =
      hn::MulAdd(parameter(0), x0,
                 hn::MulAdd(parameter(1), x1, hn::MulAdd(parameter(2), x2, hn::Mul(parameter(9), peak))));
  const V32 t1 =
      hn::MulAdd(parameter(3), x0,
                 hn::MulAdd(parameter(4), x1, hn::MulAdd(parameter(5), x2, hn::Mul(parameter(10), peak))));
  const V32 t2 =
      hn::MulAdd(parameter(6), x0,
                 hn::MulAdd(parameter(7), x1, hn::MulAdd(parameter(8), x2, hn::Mul(parameter(11), peak))));
  const auto finished = [&](V32 v, V32 t, hn::Vec<SampleTag<S>> before) HWY_ATTR {
    return decoded<linear>(mixed_samples<S>(v, m, hn::MulAdd(m, t, v), strength), m, before);
  };
  pixels.red = finished(v0, t0, pixels.red);
  pixels.green = finished(v1, t1, pixels.green);
  pixels.blue = finished(v2, t2, pixels.blue);
}

template <class S, bool linear, int channels, class M>
struct PackedRows {
  const Rows& a;
  bool streamed;
  float strength;  // by value: read through the reference it took 16-bit rows a tenth of their time

  HWY_INLINE MaskRow<M> mask(std::int64_t row) const {
    return {a.mask ? static_cast<const char*>(a.mask) + row * a.mask_stride : nullptr, strength, a.inverted};
  }
  HWY_INLINE const S* in(std::int64_t row, std::int64_t column) const {
    return reinterpret_cast<const S*>(static_cast<const char*>(a.in) + row * a.in_stride) + channels * column;
  }
  HWY_INLINE S* out(std::int64_t row, std::int64_t column) const {
    return reinterpret_cast<S*>(static_cast<char*>(a.out) + row * a.out_stride) + channels * column;
  }

  HWY_INLINE Range masked(std::int64_t row) const {
    const MaskRow<M> m = mask(row);
    return masked_columns(a.width,
                          [&](std::int64_t column, std::size_t n) HWY_ATTR { return m.at(column, n); });
  }
  HWY_INLINE void pass(std::int64_t row, Range columns) const {
    copy_bytes(in(row, columns.begin), out(row, columns.begin),
               static_cast<std::int64_t>(channels * sizeof(S)) * (columns.end - columns.begin), streamed);
  }
  HWY_INLINE void transform(std::int64_t row, std::int64_t column, const Parameter& parameter) const {
    const std::size_t n = columns_left(a.width, column), bytes = n * channels * sizeof(S);
    const V32 m = mask(row).at(column, n);
    if (all_zero(m))
      return copy_bytes(in(row, column), out(row, column), static_cast<std::int64_t>(bytes), false);
    PackedPixels<S, channels> pixels;
    if (n == lanes()) {
      pixels.load_from(in(row, column), a.reversed);
      transform_pixels<S, linear>(parameter, m, strength, pixels);
      return pixels.store_to(out(row, column), a.reversed);
    }
    HWY_ALIGN S tail[channels * max_lanes] = {};
    std::memcpy(tail, in(row, column), bytes);
    pixels.load_from(tail, a.reversed);
    transform_pixels<S, linear>(parameter, m, strength, pixels);
    pixels.store_to(tail, a.reversed);
    std::memcpy(out(row, column), tail, bytes);
  }
};

template <class T, class S, bool linear, int channels, class M>
void apply(Context& context, const Rows& a, const Options& options) {
  const std::int64_t h = a.transform.shape[0], w = a.transform.shape[1], count = a.row_end - a.row_begin;
  const cpu::Scratch scratch{w, a.width, count};
  void* workspace = context.workspace(scratch.bytes());
  scratch.columns(workspace).fill(static_cast<double>(options.scale_x), w, a.width);
  const bool streamed =
      cpu::is_streamed(2 * channels * static_cast<std::int64_t>(sizeof(S)) * count * a.width);
  const RowTaps taps{a.row_begin, count, h, static_cast<double>(options.scale_y)};
  const float strength = a.enabled_strength();
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    UpsampledRows upsampled(scratch, workspace, part);
    for_each_masked_tile(upsampled, taps, part_of(count, scratch_parts, part), a.width, a.transform.as<T>(),
                         12 * w, PackedRows<S, linear, channels, M>{a, streamed, strength});
    if (streamed) hwy::FlushStream();
  });
}

template <class T, class S, bool linear, int channels>
void apply_with_mask(Context& context, const Rows& a, const Options& options) {
  switch (a.mask_type) {
    case Rows::MaskType::none:
      return apply<T, S, linear, channels, void>(context, a, options);
    case Rows::MaskType::u8:
      return apply<T, S, linear, channels, std::uint8_t>(context, a, options);
    case Rows::MaskType::f32:
      return apply<T, S, linear, channels, float>(context, a, options);
  }
}

template <class T, class S, bool linear>
void apply_with_channels(Context& context, const Rows& a, const Options& options) {
  a.channels == 3 ? apply_with_mask<T, S, linear, 3>(context, a, options)
                  : apply_with_mask<T, S, linear, 4>(context, a, options);
}

template <class T>
void apply_with_samples(Context& context, const Rows& a, const Options& options) {
  if (a.linear) return apply_with_channels<T, float, true>(context, a, options);
  with_sample_type(a.sample,
                   [&](auto zero) { apply_with_channels<T, decltype(zero), false>(context, a, options); });
}

void apply_rows_any(Context& context, const Rows& a, const Options& options) {
  if (a.row_end == a.row_begin || a.width == 0) return;
  a.transform.dtype == DType::f32 ? apply_with_samples<float>(context, a, options)
                                  : apply_with_samples<bfloat16>(context, a, options);
}

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::color_transform::cpu {

HWY_EXPORT(apply_rows_any);

void apply_rows(Context& context, const Rows& a, const Options& options) {
  require(a.transform.dtype != DType::f64, ErrorKind::unsupported,
          "color_transform computes in f32, not f64");
  HWY_DYNAMIC_DISPATCH(apply_rows_any)(context, a, options);
}

}  // namespace attune::color_transform::cpu
#endif
