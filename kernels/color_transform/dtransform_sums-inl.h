// The two sums that dtransform is made of: over pixel rows, for a vector of columns, and over columns, for the
// cells. Included once per target.
#include "core/simd_interleave-inl.h"

#if defined(ATTUNE_COLOR_TRANSFORM_DTRANSFORM_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_COLOR_TRANSFORM_DTRANSFORM_SUMS_INL_H_
#undef ATTUNE_COLOR_TRANSFORM_DTRANSFORM_SUMS_INL_H_
#else
#define ATTUNE_COLOR_TRANSFORM_DTRANSFORM_SUMS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::color_transform::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;

// The four sums of one row of dT at a vector of columns: sum d x' for the three entries of A, sum d for b.
struct RowSums {
  V32 a0, a1, a2, b;

  HWY_INLINE void add(V32 d, V32 c0, V32 c1, V32 c2) {
    a0 = hn::MulAdd(d, c0, a0);
    a1 = hn::MulAdd(d, c1, a1);
    a2 = hn::MulAdd(d, c2, a2);
    b = hn::Add(b, d);
  }
  HWY_INLINE void load_from(const float* p) {
    a0 = load(p), a1 = load(p + lanes()), a2 = load(p + 2 * lanes()), b = load(p + 3 * lanes());
  }
  HWY_INLINE void store_to(float* p) const {
    store(a0, p), store(a1, p + lanes()), store(a2, p + 2 * lanes()), store(b, p + 3 * lanes());
  }
};

// A vector of columns of some pixel rows, split into planes. All 24 sums at once would not fit the registers;
// from here they are made 8 at a time.
class StagedRows {
 public:
  bool full() const { return count_ == most; }
  bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }

  HWY_INLINE void add(const float* image, const float* dy, V32 mask, std::size_t n, float fraction) {
    V32 v0, v1, v2;
    const V32 half = hn::Set(F32(), 0.5f);
    load_interleaved3(image, n, v0, v1, v2);
    put(0, hn::Sub(v0, half)), put(1, hn::Sub(v1, half)), put(2, hn::Sub(v2, half));
    load_interleaved3(dy, n, v0, v1, v2);
    put(3, hn::Mul(mask, v0)), put(4, hn::Mul(mask, v1)), put(5, hn::Mul(mask, v2));
    fraction_[count_++] = fraction;
  }

  // To the sums of the row of cells above, and of the one below.
  HWY_INLINE void add_to(float* above, float* below) const {
    for (std::size_t i = 0; i < 3; ++i) {
      RowSums own, next;
      own.load_from(above + 4 * i * lanes()), next.load_from(below + 4 * i * lanes());
      for (std::size_t row = 0; row < count_; ++row) {
        const float* planes = planes_[row];
        const V32 c0 = load(planes), c1 = load(planes + max_lanes), c2 = load(planes + 2 * max_lanes);
        const V32 d = load(planes + (3 + i) * max_lanes), f = hn::Set(F32(), fraction_[row]);
        const V32 below_d = hn::Mul(f, d);
        own.add(hn::Sub(d, below_d), c0, c1, c2);
        next.add(below_d, c0, c1, c2);
      }
      own.store_to(above + 4 * i * lanes()), next.store_to(below + 4 * i * lanes());
    }
  }

 private:
  static constexpr std::size_t most = 16;

  HWY_INLINE void put(std::size_t plane, V32 v) { store(v, planes_[count_] + plane * max_lanes); }

  HWY_ALIGN float planes_[most][6 * max_lanes];
  float fraction_[most];
  std::size_t count_ = 0;
};

// Adds columns, from left to right, to the two cells that each reads.
class CellSums {
 public:
  static constexpr hn::FixedTag<float, 4> f4{};
  using V4 = hn::Vec<hn::FixedTag<float, 4>>;

  HWY_INLINE void begin(std::int64_t cell, float* cells) {
    cell_ = cell, cells_ = cells;
    own0_ = own1_ = own2_ = next0_ = next1_ = next2_ = hn::Zero(f4);
  }
  HWY_INLINE void add(std::int64_t cell, float fraction, const float* p0, const float* p1, const float* p2) {
    if (cell != cell_) move_to(cell);
    const V4 own = hn::Set(f4, 1 - fraction), next = hn::Set(f4, fraction);
    const V4 s0 = hn::LoadU(f4, p0), s1 = hn::LoadU(f4, p1), s2 = hn::LoadU(f4, p2);
    own0_ = hn::MulAdd(own, s0, own0_), next0_ = hn::MulAdd(next, s0, next0_);
    own1_ = hn::MulAdd(own, s1, own1_), next1_ = hn::MulAdd(next, s1, next1_);
    own2_ = hn::MulAdd(own, s2, own2_), next2_ = hn::MulAdd(next, s2, next2_);
  }
  HWY_INLINE void end() { move_to(cell_ + 2); }

 private:
  HWY_INLINE void move_to(std::int64_t cell) {
    write(own0_, own1_, own2_, cells_ + 12 * cell_);
    const V4 zero = hn::Zero(f4);
    own0_ = next0_, own1_ = next1_, own2_ = next2_, next0_ = next1_ = next2_ = zero;
    if (cell != cell_ + 1) {
      write(own0_, own1_, own2_, cells_ + 12 * (cell_ + 1));
      own0_ = own1_ = own2_ = zero;
    }
    cell_ = cell;
  }
  // A row by row, then b, which each store puts where the next row of A begins.
  HWY_INLINE static void write(V4 s0, V4 s1, V4 s2, float* out) {
    hn::StoreU(s0, f4, out);
    const float b0 = out[3];
    hn::StoreU(s1, f4, out + 3);
    const float b1 = out[6];
    hn::StoreU(s2, f4, out + 6);
    out[11] = out[9], out[9] = b0, out[10] = b1;
  }

  std::int64_t cell_;
  float* cells_;
  V4 own0_, own1_, own2_, next0_, next1_, next2_;
};

}  // namespace attune::color_transform::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_COLOR_TRANSFORM_DTRANSFORM_SUMS_INL_H_
