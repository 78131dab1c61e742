// Colour transfer: recolours a set of pixels so that its statistics come near those of a reference set.
//
//   reinhard_lab, reinhard_rgb   mean and standard deviation, channel by channel (Reinhard et al. 2001)
//   monge_kantorovich            mean and covariance in RGB, by the linear map that moves the pixels least
//   (Pitie and
//                                Kokaram 2007): T = A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2 with covariances A and
//                                B
//   quantile_lab, quantile_rgb   33 smoothed quantiles, channel by channel, through a monotone curve
//
// All work on encoded sRGB and return it, unclipped. An empty reference, or an empty source, changes nothing.
#pragma once

#include "tools/data/color_science.h"

namespace attune::tools {

enum class Transfer { reinhard_lab, reinhard_rgb, monge_kantorovich, quantile_lab, quantile_rgb };

// How far a transfer may go; a reference of another kind of thing would else give absurd colours.
struct TransferLimits {
  Color lab_shift{33, 20, 22};  // of the mean or of a quantile, either way
  Color rgb_shift{0.3f, 0.3f, 0.3f};
  float max_gain = 1.55f;  // of a standard deviation; 1 / max_gain at least
  // Added to the variances of the Monge-Kantorovich map, so that a flat region doesn't get its noise
  // amplified. Given as a standard deviation: 0.02 is 5 of 255 levels.
  float noise = 0.02f;

  // Limits `factor` times as wide.
  TransferLimits scaled(float factor) const;
  // Reaches the reference's statistics whatever they are.
  static TransferLimits none();
};

Pixels transfer(Transfer method, const Pixels& source, const Pixels& reference, const TransferLimits& limits);

// Mean and (biased) covariance, for tests and for the transfers.
struct ColorStatistics {
  std::array<double, 3> mean{};
  std::array<std::array<double, 3>, 3> covariance{};
};
ColorStatistics color_statistics(const Pixels& pixels);

}  // namespace attune::tools
