// Packed rows of 8 or 16 bits or floats: a vector of pixels is widened to f32, transformed and narrowed in registers.
// Vectors without any mask are copied.
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/parallel.h"
#include "kernels/color_transform/color_transform.h"
#include "kernels/color_transform/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/color_transform/apply_rows_cpu.cpp"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/color_transform/masked_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

template <class S>
using SampleTag = hn::Rebind<S, F32>;

template <class S>
HWY_INLINE V32 widen_samples(hn::Vec<SampleTag<S>> samples) {
  if constexpr (std::is_same_v<S, float>)
    return samples;
  else
    return hn::ConvertTo(F32(), hn::PromoteTo(I32(), samples));
}

// Clamped to [low, high] within [0, peak], halves rounded up. What is added is the largest float below 1/2: with
// 1/2 itself the largest value below 1/2 would round to 1. An integer plus 2^23 has itself as its lowest bits:
// cheaper than conversions that saturate.
template <class S>
HWY_INLINE hn::Vec<SampleTag<S>> narrow_samples(V32 value, V32 low, V32 high) {
  const V32 clamped = hn::Min(hn::Max(value, low), high);
  const V32 rounded = hn::Floor(hn::Add(clamped, hn::Set(F32(), 0x1.fffffep-2f)));
  const V32 shifted = hn::Add(rounded, hn::Set(F32(), 0x1p23f));
  return hn::TruncateTo(SampleTag<S>(), hn::BitCast(hn::RebindToUnsigned<F32>(), shifted));
}

// The samples of a vector of pixels; alpha only passes through.
template <class S, int channels>
struct PackedPixels {
  hn::Vec<SampleTag<S>> c0, c1, c2, alpha;

  HWY_INLINE void load_from(const S* p) {
    if constexpr (channels == 3)
      hn::LoadInterleaved3(SampleTag<S>(), p, c0, c1, c2);
    else
      hn::LoadInterleaved4(SampleTag<S>(), p, c0, c1, c2, alpha);
  }
  HWY_INLINE void store_to(S* p) const {
    if constexpr (channels == 3)
      hn::StoreInterleaved3(c0, c1, c2, SampleTag<S>(), p);
    else
      hn::StoreInterleaved4(c0, c1, c2, alpha, SampleTag<S>(), p);
  }
};

template <class S>
constexpr float peak_of = std::is_same_v<S, float> ? 1 : static_cast<float>(std::numeric_limits<S>::max());

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
    if (n == lanes()) return widen_samples<M>(hn::LoadU(SampleTag<M>(), mask_ + column));
    HWY_ALIGN M tail[max_lanes] = {};
    std::memcpy(tail, mask_ + column, n * sizeof(M));
    return widen_samples<M>(hn::Load(SampleTag<M>(), tail));
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

// v + strength (h - v) for a vector of pixels; m is the mask times the strength.
template <class S, int channels, class Parameter>
HWY_INLINE void transform_pixels(const Parameter& parameter, V32 m, float strength,
                                 PackedPixels<S, channels>& pixels) {
  const V32 half = hn::Set(F32(), peak_of<S> / 2), peak = hn::Set(F32(), peak_of<S>);
  const V32 v0 = widen_samples<S>(pixels.c0), v1 = widen_samples<S>(pixels.c1),
            v2 = widen_samples<S>(pixels.c2);
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
  pixels.c0 = mixed_samples<S>(v0, m, hn::MulAdd(m, t0, v0), strength);
  pixels.c1 = mixed_samples<S>(v1, m, hn::MulAdd(m, t1, v1), strength);
  pixels.c2 = mixed_samples<S>(v2, m, hn::MulAdd(m, t2, v2), strength);
}

template <class S, int channels, class M>
struct PackedRows {
  const Rows& a;
  bool streamed;
  float strength;  // a's, by value: read through the reference it took 16-bit rows a tenth of their time

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
      pixels.load_from(in(row, column));
      transform_pixels(parameter, m, strength, pixels);
      return pixels.store_to(out(row, column));
    }
    HWY_ALIGN S tail[channels * max_lanes] = {};
    std::memcpy(tail, in(row, column), bytes);
    pixels.load_from(tail);
    transform_pixels(parameter, m, strength, pixels);
    pixels.store_to(tail);
    std::memcpy(out(row, column), tail, bytes);
  }
};

template <class T, class S, int channels, class M>
void apply(Context& context, const Rows& a, const Options& options) {
  const std::int64_t h = a.transform.shape[0], w = a.transform.shape[1], count = a.row_end - a.row_begin;
  const cpu::Scratch scratch{w, a.width, count};
  void* workspace = context.workspace(scratch.bytes());
  scratch.columns(workspace).fill(static_cast<double>(options.scale_x), w, a.width);
  const bool streamed =
      cpu::is_streamed(2 * channels * static_cast<std::int64_t>(sizeof(S)) * count * a.width);
  const RowTaps taps{a.row_begin, count, h, static_cast<double>(options.scale_y)};
  parallel_for(context.threads(), scratch_parts, [&](std::int64_t part) HWY_ATTR {
    UpsampledRows upsampled(scratch, workspace, part);
    for_each_masked_tile(upsampled, taps, part_of(count, scratch_parts, part), a.width, a.transform.as<T>(),
                         12 * w, PackedRows<S, channels, M>{a, streamed, a.strength});
    if (streamed) hwy::FlushStream();
  });
}

template <class T, class S, int channels>
void apply_with_mask(Context& context, const Rows& a, const Options& options) {
  switch (a.mask_type) {
    case Rows::MaskType::none:
      return apply<T, S, channels, void>(context, a, options);
    case Rows::MaskType::u8:
      return apply<T, S, channels, std::uint8_t>(context, a, options);
    case Rows::MaskType::f32:
      return apply<T, S, channels, float>(context, a, options);
  }
}

template <class T, class S>
void apply_with_channels(Context& context, const Rows& a, const Options& options) {
  a.channels == 3 ? apply_with_mask<T, S, 3>(context, a, options)
                  : apply_with_mask<T, S, 4>(context, a, options);
}

template <class T>
void apply_with_samples(Context& context, const Rows& a, const Options& options) {
  switch (a.sample) {
    case Rows::Sample::u8:
      return apply_with_channels<T, std::uint8_t>(context, a, options);
    case Rows::Sample::u16:
      return apply_with_channels<T, std::uint16_t>(context, a, options);
    case Rows::Sample::f32:
      return apply_with_channels<T, float>(context, a, options);
  }
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
