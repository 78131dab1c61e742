// Between rows in memory and panels or strips in scratch: normalizing on the way in, its derivative on the
// way out.
#include <algorithm>
#include <cmath>

#include "core/cost.h"
#include "core/parallel.h"
#include "kernels/patch_infonce/tiles-inl.h"

#if defined(ATTUNE_KERNELS_PATCH_INFONCE_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_PATCH_INFONCE_ROWS_INL_H_
#undef ATTUNE_KERNELS_PATCH_INFONCE_ROWS_INL_H_
#else
#define ATTUNE_KERNELS_PATCH_INFONCE_ROWS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::patch_infonce::HWY_NAMESPACE {

template <class T>
HWY_INLINE V32 load_part(const T* p, std::int64_t n) {
  using namespace attune::HWY_NAMESPACE;
  return n >= vector_rows ? load(p) : load_n(p, static_cast<std::size_t>(n));
}
template <class T>
HWY_INLINE void store_part(V32 v, T* p, std::int64_t n) {
  using namespace attune::HWY_NAMESPACE;
  n >= vector_rows ? store(v, p) : store_n(v, p, static_cast<std::size_t>(n));
}

template <class T>
float length_of(const T* z, std::int64_t depth) {
  V32 sum = zero();
  for (std::int64_t d = 0; d < depth; d += vector_rows) {
    const V32 part = load_part(z + d, depth - d);
    sum = hn::MulAdd(part, part, sum);
  }
  return std::sqrt(hn::GetLane(hn::SumOfLanes(F32(), sum)));
}

// One block of `width` rows, of which `present` exist: row / max(|row|, minimum_length) * scale, the others 0. Interleaved
// into `block`, and where `rows` is not null one after the other into it.
template <class T>
void pack_block(const T* HWY_RESTRICT z, std::int64_t present, std::int64_t width, std::int64_t depth,
                float scale, float* HWY_RESTRICT block, float* HWY_RESTRICT rows, std::int64_t stride,
                float* HWY_RESTRICT inverse) {
  float factor[largest_panel];
  for (std::int64_t r = 0; r < present; ++r) {
    const float length = length_of(z + r * depth, depth);
    factor[r] = scale / HWY_MAX(length, minimum_length);
    inverse[r] = length > minimum_length ? 1.0f / length : 0.0f;
  }
  std::fill(inverse + present, inverse + width, 0.0f);
  if (present < width) std::fill_n(block, width * depth, 0.0f);
  for (std::int64_t d = 0; d < depth; ++d)
    for (std::int64_t r = 0; r < present; ++r)
      block[d * width + r] = factor[r] * static_cast<float>(z[r * depth + d]);
  if (!rows) return;
  std::fill_n(rows, width * stride, 0.0f);
  for (std::int64_t r = 0; r < present; ++r)
    for (std::int64_t d = 0; d < depth; ++d)
      rows[r * stride + d] = factor[r] * static_cast<float>(z[r * depth + d]);
}

// All images of a set: anchors in panels, for backward also as rows; columns in strips. `count` as in Inputs.
template <class T>
void pack(Context& context, ConstTensorView z, ConstTensorView count, float scale, bool backward,
          const PackedRows& packed) {
  if (z.elements() == 0) return;
  const bool columns = packed.parts == 0;
  const std::int64_t width = columns ? strip_rows : panel_rows;
  const std::int64_t rows = z.shape[1], depth = z.shape[2], blocks = ceil_divide(rows, width);
  parallel_for(context.threads(), z.shape[0] * blocks, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t n = task / blocks, first = task % blocks * width;
    const std::int64_t present = HWY_MIN(counted(count, rows, n) - first, width);
    if (present <= 0) return;
    const PackedRows image = packed.image(n);
    pack_block(z.as<T>() + (n * rows + first) * depth, present, width, depth, scale,
               (columns ? image.strips : image.panels) + first * depth,
               backward && !columns ? image.rows + first * image.stride : nullptr, image.stride,
               image.inverse + first);
  });
}

// In place, for the rows ^z = length * panel and their gradient d^z = weight * gradient:
// dz = (d^z - ^z <^z, d^z>) / |z|, 0 where the row has no direction.
HWY_INLINE void through_normalization(const float* HWY_RESTRICT panel, float length,
                                      const float* HWY_RESTRICT inverse, float weight, std::int64_t depth,
                                      float* HWY_RESTRICT gradient) {
  const F32 f;
  for (std::int64_t half = 0; half < panel_rows; half += vector_rows) {
    V32 dot = zero();
    for (std::int64_t d = 0; d < depth; ++d)
      dot = hn::MulAdd(hn::Load(f, panel + d * panel_rows + half),
                       hn::Load(f, gradient + d * panel_rows + half), dot);
    const V32 along = hn::Mul(broadcast(length * length), dot);
    const V32 factor = hn::Mul(broadcast(weight), hn::LoadU(f, inverse + half));
    for (std::int64_t d = 0; d < depth; ++d) {
      float* g = gradient + d * panel_rows + half;
      const V32 across = hn::NegMulAdd(along, hn::Load(f, panel + d * panel_rows + half), hn::Load(f, g));
      hn::Store(hn::Mul(factor, across), f, g);
    }
  }
}

// Adds the parts of a gradient panel, `step` elements apart, in order into the first.
inline void add_parts(std::int64_t parts, std::int64_t step, std::int64_t depth,
                      float* HWY_RESTRICT gradient) {
  const F32 f;
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < depth * panel_rows; i += vector_rows)
      hn::Store(hn::Add(hn::Load(f, gradient + i), hn::Load(f, gradient + part * step + i)), f, gradient + i);
}

// Rows `rows` of a gradient panel to memory.
template <class T>
void store_rows(const float* gradient, std::int64_t rows, std::int64_t depth, GradientMode mode, T* dz) {
  HWY_ALIGN float part[vector_rows] = {};
  for (std::int64_t r = 0; r < rows; ++r, dz += depth)
    for (std::int64_t d = 0; d < depth; d += vector_rows) {
      const std::int64_t n = HWY_MIN(vector_rows, depth - d);
      for (std::int64_t i = 0; i < n; ++i) part[i] = gradient[(d + i) * panel_rows + r];
      V32 value = hn::Load(F32(), part);
      if (mode == GradientMode::accumulate) value = hn::Add(value, load_part(dz + d, n));
      store_part(value, dz + d, n);
    }
}

// The same for one row z of T, taken to memory; its gradient is 0 behind depth.
template <class T>
void store_row_through_normalization(const T* HWY_RESTRICT z, float inverse, float weight, std::int64_t depth,
                                     const float* HWY_RESTRICT gradient, GradientMode mode, T* dz) {
  const F32 f;
  V32 dot = zero();
  for (std::int64_t d = 0; d < depth; d += vector_rows)
    dot = hn::MulAdd(load_part(z + d, depth - d), hn::Load(f, gradient + d), dot);
  const V32 along = broadcast(hn::GetLane(hn::SumOfLanes(f, dot)) * inverse * inverse);
  const V32 factor = broadcast(weight * inverse);
  for (std::int64_t d = 0; d < depth; d += vector_rows) {
    const std::int64_t n = HWY_MIN(vector_rows, depth - d);
    V32 value = hn::Mul(factor, hn::NegMulAdd(along, load_part(z + d, n), hn::Load(f, gradient + d)));
    if (mode == GradientMode::accumulate) value = hn::Add(value, load_part(dz + d, n));
    store_part(value, dz + d, n);
  }
}

template <class T>
void store_zero_rows(std::int64_t rows, std::int64_t depth, GradientMode mode, T* dz) {
  if (mode == GradientMode::overwrite && rows > 0)
    std::memset(static_cast<void*>(dz), 0, static_cast<std::size_t>(rows * depth) * sizeof(T));
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_PATCH_INFONCE_ROWS_INL_H_
