// Per image and channel: what the four sums of style_fusion's backward become. Plain loops over C.
#include "kernels/style_fusion/style-inl.h"

#if defined(ATTUNE_KERNELS_STYLE_FUSION_GRADIENTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_STYLE_FUSION_GRADIENTS_INL_H_
#undef ATTUNE_KERNELS_STYLE_FUSION_GRADIENTS_INL_H_
#else
#define ATTUNE_KERNELS_STYLE_FUSION_GRADIENTS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::style_fusion::HWY_NAMESPACE {

// One image's sums over its pixels: D_r = sum w_r d and M_r = sum w_r d (x - mean_r), so that H_r = M_r / sd_r.
struct ImageSums {
  const float *d[2], *m[2];

  explicit ImageSums(const Partial& whole)
      : d{whole.sums(), whole.sums() + 2 * whole.stride()},
        m{whole.sums() + whole.stride(), whole.sums() + 3 * whole.stride()} {}
};

// dx = sum_r w_r (slope_r d + constant_r + linear_r (x - mean_r)): the rows that y's coefficients do not have.
class GradientRows {
 public:
  GradientRows(float* data, std::int64_t channels) : data_(data), stride_(row_stride(channels)) {}
  float* constant(int region) const { return data_ + 2 * region * stride_; }
  float* linear(int region) const { return constant(region) + stride_; }

  void make(const StyleInputs& in, const ImageStyle& style, const ImageSums& sums,
            const AffineRows& y) const {
    for (std::int64_t c = 0; c < in.channels; ++c) {
      const ImageStyle::Channel s = style.channel(c);
      for (int region = 0; region < 2; ++region) {
        // To the region's mean and deviation: through its own normalization and, for the background, through the style
        // that the foreground takes from it.
        float to_mean = -y.slope(region)[c] * sums.d[region][c];
        float to_sd = -y.slope(region)[c] * sums.m[region][c] / s.sd[region];
        if (region == 1) {
          const float taken = (1 - in.gate[c]) * in.gamma[0][c];
          to_mean += taken * sums.d[0][c];
          to_sd += taken * sums.m[0][c] / s.sd[0];
        }
        const bool flows = style.is_normalized(region);
        constant(region)[c] = flows ? to_mean / style.weight(region) : 0.0f;
        linear(region)[c] = flows ? to_sd / (s.sd[region] * style.weight(region)) : 0.0f;
      }
    }
    for (int row = 0; row < 4; ++row) spread(data_ + row * stride_, in.channels);
  }

 private:
  float* data_;
  std::int64_t stride_;
};

HWY_INLINE void write(float& target, float value, GradientMode mode) {
  target = mode == GradientMode::accumulate ? target + value : value;
}

inline void write_external_gradients(const Backward& a, const StyleInputs& in, const ImageStyle& style,
                                     const ImageSums& sums, std::int64_t image) {
  for (std::int64_t c = 0; c < in.channels; ++c) {
    const float taken = style.background_has_style() ? in.gate[c] * in.gamma[0][c] : 0.0f;
    const std::int64_t i = image * in.channels + c;
    write(a.dexternal_mean.as<float>()[i], taken * sums.d[0][c], a.dexternal_mode);
    write(a.dexternal_sd.as<float>()[i], taken * sums.m[0][c] / style.channel(c).sd[0], a.dexternal_mode);
  }
}

// Sums over the images in their order; `sums_of(image)` finds an image's sums.
template <class SumsOf>
void write_parameter_gradients(const Backward& a, const StyleInputs& in, const Options& options,
                               const SumsOf& sums_of) {
  for (std::int64_t c = 0; c < in.channels; ++c) {
    float dgamma[2] = {0, 0}, dbeta[2] = {0, 0}, dgate = 0;
    for (std::int64_t image = 0; image < in.images; ++image) {
      const ImageStyle style(in, image);
      const ImageStyle::Channel s = style.channel(c);
      const ImageSums sums = sums_of(image);
      for (int region = 0; region < 2; ++region) {
        dgamma[region] +=
            s.style_sd[region] / s.sd[region] * sums.m[region][c] + s.style_mean[region] * sums.d[region][c];
        dbeta[region] += sums.d[region][c];
      }
      if (options.gate != Gate::learned || !style.background_has_style()) continue;
      const std::int64_t i = image * in.channels + c;
      dgate += sums.d[0][c] * (in.external_mean[i] - s.mean[1]) +
               sums.m[0][c] / s.sd[0] * (in.external_sd[i] - s.sd[1]);
    }
    write(a.dgamma_foreground.as<float>()[c], dgamma[0], a.dparameters_mode);
    write(a.dgamma_background.as<float>()[c], dgamma[1], a.dparameters_mode);
    write(a.dbeta_foreground.as<float>()[c], dbeta[0], a.dparameters_mode);
    write(a.dbeta_background.as<float>()[c], dbeta[1], a.dparameters_mode);
    if (options.gate != Gate::learned) continue;
    const float g = in.gate[c];
    write(a.dgate.as<float>()[c], g * (1 - g) * in.gamma[0][c] * dgate, a.dparameters_mode);
  }
}

}  // namespace attune::style_fusion::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_STYLE_FUSION_GRADIENTS_INL_H_
