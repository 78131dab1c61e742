// Parametric photo edits of a region: what a retoucher or another camera would have done to it.
//
// In linear light: white balance along the black body's colours and across them (tint), exposure, a light
// gradient. Then on encoded sRGB: brightness (an exposure whose ends stay, as a raw converter's), a tone curve
// per channel, contrast about the region's mean, gamma, saturation.
#pragma once

#include "core/philox.h"
#include "tools/data/color_science.h"

namespace attune::tools {

// The pixels of a foreground with what an edit or a score needs to know about each.
struct Region {
  Pixels pixels;                               // encoded sRGB
  std::vector<float> weight;                   // the mask's value, in (0, 1]
  std::vector<std::array<float, 2>> position;  // (x, y) in the picture, 0..1
};

// One edit. The default changes nothing.
struct Edit {
  static constexpr std::size_t curve_points = 5;  // at 0, 1/4, 1/2, 3/4 and 1

  float mired_shift = 0;  // positive is warmer
  float tint = 0;         // log gain of green, against red and blue
  float exposure_stops = 0;
  float gradient_stops = 0;  // across the whole picture, along gradient_angle (radians, 0 is to the right)
  float gradient_angle = 0;
  float log_brightness =
      0;  // y = k x / (1 + (k - 1) x), k = exp(log_brightness): slope k at black, 1 / k at white
  float contrast = 1;
  float gamma = 1;
  float saturation = 1;
  std::array<std::array<float, curve_points>, 3> curve_offsets{};  // per channel, added to the identity
};

// How far a drawn edit goes at strength 1; drawn uniformly in [-range, range] unless said otherwise.
struct EditRanges {
  float mired = 55;    // standard deviation: 6504 K becomes 4800 K or 10100 K
  float tint = 0.08f;  // standard deviation
  float exposure_stops = 1.1f;
  float gradient_stops = 1.2f;
  float log_brightness = 0;
  float log_contrast = 0.35f;
  float log_gamma = 0.22f;  // standard deviation
  float log_saturation = 0.5f;
  float curve = 0.1f;           // of each point, the same in all channels
  float channel_curve = 0.06f;  // of each point, per channel
  float probability = 0.6f;     // of each kind of change to take part, but for the gradient
  float gradient_probability = 0.25f;
};

Edit draw_edit(const EditRanges& ranges, float strength, PhiloxStream& random);

// The region's pixels after the edit, unclipped.
Pixels apply_edit(const Edit& edit, const Region& region);

}  // namespace attune::tools
