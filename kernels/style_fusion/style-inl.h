// Per image and channel: what style each region is given, and the coefficients that both passes need.
// Plain loops: there are only C of them an image.
#include <cmath>

#include "kernels/masked_style/affine_rows-inl.h"
#include "kernels/style_fusion/style_fusion.h"

#if defined(ATTUNE_KERNELS_STYLE_FUSION_STYLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_STYLE_FUSION_STYLE_INL_H_
#undef ATTUNE_KERNELS_STYLE_FUSION_STYLE_INL_H_
#else
#define ATTUNE_KERNELS_STYLE_FUSION_STYLE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::style_fusion::HWY_NAMESPACE {

using namespace attune::masked_style::
    HWY_NAMESPACE;  // NOLINT(google-build-using-namespace): region_walk-inl.h

// The inputs that forward and backward share, as pointers.
struct StyleInputs {
  std::int64_t images, channels;
  const float *mean, *sd, *weight;           // [2, N, C], [2, N, C], [2, N]
  const float *external_mean, *external_sd;  // [N, C]; null with Gate::internal
  const float* gate;                         // [C]: g, not a
  const float *gamma[2], *beta[2];           // [C]

  template <class Arguments>
  StyleInputs(const Arguments& a, const float* gate_row, const Options& options)
      : images(a.x.shape[0]),
        channels(a.x.shape[3]),
        mean(a.mean.template as<float>()),
        sd(a.sd.template as<float>()),
        weight(a.weight.template as<float>()),
        external_mean(options.gate == Gate::internal ? nullptr : a.external_mean.template as<float>()),
        external_sd(options.gate == Gate::internal ? nullptr : a.external_sd.template as<float>()),
        gate(gate_row),
        gamma{a.gamma_foreground.template as<float>(), a.gamma_background.template as<float>()},
        beta{a.beta_foreground.template as<float>(), a.beta_background.template as<float>()} {}
};

inline void make_gate(ConstTensorView logits, std::int64_t channels, const Options& options, float* gate) {
  for (std::int64_t c = 0; c < channels; ++c) {
    switch (options.gate) {
      case Gate::learned:
        gate[c] = 1.0f / (1.0f + std::exp(-logits.as<float>()[c]));
        break;
      case Gate::internal:
        gate[c] = 0.0f;
        break;
      case Gate::external:
        gate[c] = 1.0f;
        break;
    }
  }
}

// The styles of one image: y_r = gamma_r (style_sd_r (x - mean_r) / sd_r + style_mean_r) + beta_r.
class ImageStyle {
 public:
  ImageStyle(const StyleInputs& inputs, std::int64_t image)
      : in_(inputs),
        image_(image),
        background_has_style_(weight(1) >= masked_style::minimum_weight),
        foreground_is_normalized_(background_has_style_ && weight(0) >= masked_style::minimum_weight) {}

  struct Channel {
    float mean[2], sd[2], style_mean[2], style_sd[2];
  };
  // Without background the foreground keeps its own style: as if its mean were 0 and its deviation 1.
  Channel channel(std::int64_t c) const {
    Channel s{{0, 0}, {1, 1}, {0, 0}, {1, 1}};
    if (!background_has_style_) return s;
    for (int region = 0; region < 2; ++region) {
      s.mean[region] = in_.mean[index(region, c)];
      s.sd[region] = in_.sd[index(region, c)];
    }
    const float g = in_.gate[c];
    s.style_mean[0] = (1 - g) * s.mean[1] + (g > 0 ? g * in_.external_mean[image_ * in_.channels + c] : 0.0f);
    s.style_sd[0] = (1 - g) * s.sd[1] + (g > 0 ? g * in_.external_sd[image_ * in_.channels + c] : 0.0f);
    return s;
  }

  float weight(int region) const { return in_.weight[region * in_.images + image_]; }
  bool background_has_style() const { return background_has_style_; }
  // Whether the region's mean and deviation depend on x, so that a gradient flows through them.
  bool is_normalized(int region) const {
    return region == 0 ? foreground_is_normalized_ : background_has_style_;
  }

  void make_coefficients(const AffineRows& to) const {
    for (std::int64_t c = 0; c < in_.channels; ++c) {
      const Channel s = channel(c);
      for (int region = 0; region < 2; ++region) {
        to.mean(region)[c] = s.mean[region];
        to.slope(region)[c] = in_.gamma[region][c] * s.style_sd[region] / s.sd[region];
        to.offset(region)[c] = in_.gamma[region][c] * s.style_mean[region] + in_.beta[region][c];
      }
    }
    to.spread_all(in_.channels);
  }

 private:
  std::int64_t index(int region, std::int64_t c) const {
    return (region * in_.images + image_) * in_.channels + c;
  }

  const StyleInputs& in_;
  std::int64_t image_;
  bool background_has_style_, foreground_is_normalized_;
};

}  // namespace attune::style_fusion::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_STYLE_FUSION_STYLE_INL_H_
