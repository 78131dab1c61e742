// The ops of style in ONNX operators, by the names and formulas of kernels/masked_style, style_fusion and
// style_difference. Features are [N, C, h, w], masks [N, 1, h, w], statistics [N, C, 1, 1].
#pragma once

#include <optional>

#include "tools/export/onnx_writer.h"

namespace attune::tools {

// The weights m and 1 - m.
struct RegionWeights {
  OnnxValue foreground, background;
};
RegionWeights regions_of(const OnnxValue& mask);

struct RegionStyle {
  OnnxValue mean, sd;
  OnnxValue valid;  // [N, 1, 1, 1]: whether the region has weight; without, the mean is 0 and sd 1
};
struct Style {
  RegionStyle foreground, background;
};
Style masked_style(const OnnxValue& features, const RegionWeights& regions);

// Of a channel each: [1, C, 1, 1].
struct FusionParameters {
  OnnxValue gamma_foreground, beta_foreground, gamma_background, beta_background;
};
// What the foreground takes: the share `gate` [1, C, 1, 1] of `style`, and the features' own background's for the rest.
struct ExternalStyle {
  RegionStyle style;
  OnnxValue gate;
};
// Without the activation.
OnnxValue style_fusion(const OnnxValue& features, const RegionWeights& regions,
                       const FusionParameters& parameters, const std::optional<ExternalStyle>& external);

// [N, 4 C, 1, 1]
OnnxValue style_difference(const Style& style);

}  // namespace attune::tools
