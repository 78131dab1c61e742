// One output row's parameters: interpolated vertically into 12 planes of cells, and from there horizontally,
// a vector of pixels at a time, in registers. Included once per target.
#include "core/simd_interleave-inl.h"
#include "kernels/color_transform/scratch.h"

#if defined(ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROW_INL_H_
#undef ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROW_INL_H_
#else
#define ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROW_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;
using I32 = hn::RebindToSigned<F32>;

// T^'s entry k at a vector of columns: two cells each, from planes of cells that begin at `cell`. Where the
// columns read few enough cells, a table lookup in one vector of them takes the place of a gather from
// memory.
struct LookupParameter {
  const float* cell;
  std::int64_t plane;
  decltype(hn::IndicesFromVec(F32(), hn::Vec<I32>())) index;
  V32 fraction;

  HWY_INLINE V32 operator()(std::int64_t k) const {
    const V32 left = hn::TableLookupLanes(load(cell + k * plane), index);
    const V32 right = hn::TableLookupLanes(load(cell + k * plane + 1), index);
    return hn::MulAdd(fraction, hn::Sub(right, left), left);
  }
};
struct GatherParameter {
  const float* cell;
  std::int64_t plane;
  hn::Vec<I32> index;
  V32 fraction;

  HWY_INLINE V32 operator()(std::int64_t k) const {
    const V32 left = hn::GatherIndex(F32(), cell + k * plane, index);
    const V32 right = hn::GatherIndex(F32(), cell + k * plane + 1, index);
    return hn::MulAdd(fraction, hn::Sub(right, left), left);
  }
};

class UpsampledRow {
 public:
  // `workspace` has its columns filled; `part` is this task's own.
  UpsampledRow(const cpu::Scratch& scratch, void* workspace, std::int64_t part)
      : columns_(scratch.columns(workspace)),
        cells_(scratch.cells),
        plane_(cpu::plane_floats(scratch.cells)),
        planes_(scratch.part(workspace, part)),
        split_(planes_ + 12 * plane_) {}

  // From the two rows of cells that the vertical tap reads, [w, 12] each. Parameter k = 3 q + j of a cell:
  // the first loop sorts by j, the second by q.
  template <class T>
  void interpolate(const T* transform, const BilinearTap& tap) {
    const T* top = transform + tap.lower * cells_ * 12;
    const T* bottom = transform + tap.upper * cells_ * 12;
    const std::int64_t step = static_cast<std::int64_t>(lanes()), count = 12 * cells_;
    const V32 fraction = hn::Set(F32(), tap.fraction);
    HWY_ALIGN float mixed[3 * max_lanes];
    for (std::int64_t i = 0; i < count; i += 3 * step) {
      for (std::int64_t j = 0; j < 3 && i + j * step < count; ++j) {
        const std::int64_t at = i + j * step;
        const std::size_t n = static_cast<std::size_t>(count - at < step ? count - at : step);
        const V32 a = load_up_to(top + at, n), b = load_up_to(bottom + at, n);
        store(hn::MulAdd(fraction, hn::Sub(b, a), a), mixed + j * step);
      }
      V32 j0, j1, j2;
      hn::LoadInterleaved3(F32(), mixed, j0, j1, j2);
      store(j0, split_ + i / 3);
      store(j1, split_ + 4 * plane_ + i / 3);
      store(j2, split_ + 8 * plane_ + i / 3);
    }
    for (std::int64_t j = 0; j < 3; ++j)
      for (std::int64_t cell = 0; cell < cells_; cell += step) {
        V32 q0, q1, q2, q3;
        hn::LoadInterleaved4(F32(), split_ + 4 * (j * plane_ + cell), q0, q1, q2, q3);
        store(q0, plane(j) + cell);
        store(q1, plane(3 + j) + cell);
        store(q2, plane(6 + j) + cell);
        store(q3, plane(9 + j) + cell);
      }
    // The right edge is clamped: what a vector reads behind the last cell equals it.
    for (std::int64_t k = 0; k < 12; ++k) store(hn::Set(F32(), plane(k)[cells_ - 1]), plane(k) + cells_);
  }

  // body(parameter), where parameter(k) is the vector of T^'s entry k at the columns from `column` on.
  template <class Body>
  HWY_INLINE void at(std::int64_t column, const Body& body) const {
    const std::int32_t first = columns_.lower[column];
    const std::int64_t span = columns_.lower[column + static_cast<std::int64_t>(lanes()) - 1] - first;
    const auto index = hn::Sub(hn::LoadU(I32(), columns_.lower + column), hn::Set(I32(), first));
    const V32 fraction = load(columns_.fraction + column);
    if (span < static_cast<std::int64_t>(lanes()))
      body(LookupParameter{planes_ + first, plane_, hn::IndicesFromVec(F32(), index), fraction});
    else
      body(GatherParameter{planes_ + first, plane_, index, fraction});
  }

 private:
  float* plane(std::int64_t k) const { return planes_ + k * plane_; }

  cpu::AxisTaps columns_;
  std::int64_t cells_, plane_;
  float *planes_, *split_;
};

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_COLOR_TRANSFORM_UPSAMPLED_ROW_INL_H_
