// The products that patch_infonce is made of, on register tiles of one panel by one strip.
//
// A panel is two vectors of rows, a strip as many rows as leave the registers room: panel rows lie in the
// lanes, strip rows are broadcast. So a row's sums over the other side never cross lanes, and depth may be
// any number. The products are not inlined: beside a caller's constants an accumulator of AVX2's loop went to
// memory, which halved forward's rate (K = P = M = 1024, D = 256, one core of an EPYC 9004: 46 instead of 91
// GF/s).
#include <cstring>
#include <utility>

#include "core/parallel.h"
#include "core/simd-inl.h"
#include "kernels/patch_infonce/layout.h"

#if defined(ATTUNE_KERNELS_PATCH_INFONCE_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_PATCH_INFONCE_TILES_INL_H_
#undef ATTUNE_KERNELS_PATCH_INFONCE_TILES_INL_H_
#else
#define ATTUNE_KERNELS_PATCH_INFONCE_TILES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::patch_infonce::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using attune::HWY_NAMESPACE::F32;
using attune::HWY_NAMESPACE::V32;

constexpr std::int64_t vector_rows = HWY_MAX_BYTES / 4;
constexpr std::int64_t panel_rows = 2 * vector_rows;
// 2 x 12 accumulators of AVX-512's 32 registers, 2 x 6 of the others' 16; the rest hold two panel vectors, a
// broadcast and a temporary.
constexpr std::int64_t strip_rows = HWY_MAX_BYTES == 64 ? 12 : 6;
constexpr std::int64_t tile_elements =
    strip_rows * panel_rows;  // element (strip row c, panel row w) at c panel_rows + w
static_assert(panel_rows >= smallest_panel && panel_rows <= largest_panel &&
              largest_panel % panel_rows == 0 && strip_rows <= largest_strip);

using StripRows = std::make_index_sequence<static_cast<std::size_t>(strip_rows)>;

HWY_INLINE V32 broadcast(float value) { return hn::Set(F32(), value); }
HWY_INLINE V32 zero() { return hn::Zero(F32()); }

HWY_INLINE void multiply_add(V32 low_row, V32 high_row, float factor, V32& low, V32& high) {
  const V32 b = broadcast(factor);
  low = hn::MulAdd(low_row, b, low);
  high = hn::MulAdd(high_row, b, high);
}

// tile(c, w) = sum_d strip(c, d) panel(w, d)
template <std::size_t... c>
HWY_NOINLINE void dot_tile(const float* HWY_RESTRICT panel, const float* HWY_RESTRICT strip,
                           std::int64_t depth, float* HWY_RESTRICT tile, std::index_sequence<c...>) {
  const F32 f;
  V32 low[] = {(static_cast<void>(c), zero())...};
  V32 high[] = {(static_cast<void>(c), zero())...};
  for (std::int64_t d = 0; d < depth; ++d) {
    const V32 low_row = hn::Load(f, panel), high_row = hn::Load(f, panel + vector_rows);
    (multiply_add(low_row, high_row, strip[c], low[c], high[c]), ...);
    panel += panel_rows;
    strip += strip_rows;
  }
  ((hn::Store(low[c], f, tile + static_cast<std::int64_t>(c) * panel_rows),
    hn::Store(high[c], f, tile + static_cast<std::int64_t>(c) * panel_rows + vector_rows)),
   ...);
}

// gradient(w, d) += sum_c tile(c, w) strip(c, d), the whole tile in registers.
template <std::size_t... c>
HWY_NOINLINE void add_outer_product(const float* HWY_RESTRICT tile, const float* HWY_RESTRICT strip,
                                    std::int64_t depth, float* HWY_RESTRICT gradient,
                                    std::index_sequence<c...>) {
  const F32 f;
  const V32 low[] = {hn::Load(f, tile + static_cast<std::int64_t>(c) * panel_rows)...};
  const V32 high[] = {hn::Load(f, tile + static_cast<std::int64_t>(c) * panel_rows + vector_rows)...};
  for (std::int64_t d = 0; d < depth; ++d) {
    V32 low_sum = hn::Load(f, gradient), high_sum = hn::Load(f, gradient + vector_rows);
    (multiply_add(low[c], high[c], strip[c], low_sum, high_sum), ...);
    hn::Store(low_sum, f, gradient);
    hn::Store(high_sum, f, gradient + vector_rows);
    gradient += panel_rows;
    strip += strip_rows;
  }
}

// gradient(c, d) += sum_w tile(c, w) rows(w, d): the other side of the same product. Here depth lies in the lanes, a panel's
// width of it at a time; a row of `rows` and of `gradient` has `stride` elements, a multiple of that.
template <std::size_t... c>
HWY_NOINLINE void add_transposed_product(const float* HWY_RESTRICT tile, const float* HWY_RESTRICT rows,
                                         std::int64_t stride, float* HWY_RESTRICT gradient,
                                         std::index_sequence<c...>) {
  const F32 f;
  for (std::int64_t d = 0; d < stride; d += panel_rows) {
    const auto of_row = [&](std::size_t row) {
      return gradient + static_cast<std::int64_t>(row) * stride + d;
    };
    V32 low[] = {hn::Load(f, of_row(c))...};
    V32 high[] = {hn::Load(f, of_row(c) + vector_rows)...};
    const float* row = rows + d;
    for (std::int64_t w = 0; w < panel_rows; ++w) {
      const V32 low_row = hn::Load(f, row), high_row = hn::Load(f, row + vector_rows);
      (multiply_add(low_row, high_row, tile[static_cast<std::int64_t>(c) * panel_rows + w], low[c], high[c]),
       ...);
      row += stride;
    }
    ((hn::Store(low[c], f, of_row(c)), hn::Store(high[c], f, of_row(c) + vector_rows)), ...);
  }
}

constexpr std::int64_t strips_of(std::int64_t count) { return ceil_divide(count, strip_rows); }

// body(strip, first row, rows of it that count) along some of a set's strips, or all.
template <class Body>
HWY_INLINE void for_each_strip(const PackedRows& streamed, std::int64_t count, Range strips,
                               const Body& body) {
  for (std::int64_t first = strips.begin * strip_rows; first < strips.end * strip_rows; first += strip_rows)
    body(streamed.strips + first * streamed.depth, first, HWY_MIN(strip_rows, count - first));
}
template <class Body>
HWY_INLINE void for_each_strip(const PackedRows& streamed, std::int64_t count, const Body& body) {
  for_each_strip(streamed, count, {0, strips_of(count)}, body);
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_PATCH_INFONCE_TILES_INL_H_
