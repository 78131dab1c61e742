// For every channel and region an affine function of x, in rows that the walks of region_walk-inl.h can index:
//
//     sum_r w_r (offset_r + slope_r (x - mean_r))
//
// masked_style's backward and style_fusion's forward have this form. The difference stays as it is: multiplied out, its
// digits would cancel where the mean is large.
#include "kernels/masked_style/region_walk-inl.h"

#if defined(ATTUNE_KERNELS_MASKED_STYLE_AFFINE_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_MASKED_STYLE_AFFINE_ROWS_INL_H_
#undef ATTUNE_KERNELS_MASKED_STYLE_AFFINE_ROWS_INL_H_
#else
#define ATTUNE_KERNELS_MASKED_STYLE_AFFINE_ROWS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::masked_style::HWY_NAMESPACE {

class AffineRows {
 public:
  static std::int64_t floats(std::int64_t channels) { return 6 * row_stride(channels); }

  AffineRows(float* data, std::int64_t channels) : data_(data), stride_(row_stride(channels)) {}
  float* mean(int region) const { return data_ + 3 * region * stride_; }
  float* slope(int region) const { return mean(region) + stride_; }
  float* offset(int region) const { return mean(region) + 2 * stride_; }
  void spread_all(std::int64_t channels) const {
    for (int row = 0; row < 6; ++row) spread(data_ + row * stride_, channels);
  }

  HWY_INLINE V32 centered(int region, V32 x, std::int64_t c) const {
    return hn::Sub(x, load(mean(region) + c));
  }
  // The weighted sum of both regions' functions; either region's alone where the lanes lie in it.
  template <class Weights>
  HWY_INLINE V32 blend(const Weights& weights, V32 x, std::int64_t c) const {
    return weigh(weights, Apply{*this, x, c});
  }

 private:
  struct Apply {
    const AffineRows& rows;
    V32 x;
    std::int64_t c;
    HWY_INLINE V32 operator()(int region) const {
      return hn::MulAdd(load(rows.slope(region) + c), rows.centered(region, x, c),
                        load(rows.offset(region) + c));
    }
  };

  float* data_;
  std::int64_t stride_;
};

}  // namespace attune::masked_style::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_MASKED_STYLE_AFFINE_ROWS_INL_H_
