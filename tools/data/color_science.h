// Colour: sRGB, linear light, CIE Lab (D65), the Planckian locus. Everything is on a scale where 1 is white;
// values outside [0, 1] are carried along, so that a caller can see how much of an edit would clip.
#pragma once

#include <array>
#include <vector>

namespace attune::tools {

using Color = std::array<float, 3>;
using Pixels = std::vector<Color>;

// IEC 61966-2-1; below 0 the linear segment goes on.
float linear_from_srgb(float encoded);
float srgb_from_linear(float linear);

// CIE 1976 L*a*b* of an sRGB colour, white point D65: L in 0..100.
Color lab_from_srgb(const Color& srgb);
Color srgb_from_lab(const Color& lab);

// BT.601 luma of an encoded colour.
float luma(const Color& srgb);

struct Chromaticity {
  float x, y;
};
// The Planckian locus (Kim et al., US patent 7024034: cubic splines), for 1667 K to 25000 K; clamped outside.
Chromaticity planckian_locus(float kelvin);

// Gains for linear RGB that turn a scene lit at 6504 K into one lit by a black body `mired_shift` mired (1e6
// / K) away: positive is warmer. Luminance of a grey stays as it is. Equal steps in mired look about equally
// large.
Color white_balance_gains(float mired_shift);

}  // namespace attune::tools
