#include "tools/data/color_science.h"

#include <algorithm>
#include <cmath>

namespace attune::tools {

namespace {

// Linear sRGB to XYZ and back, and the white point that the first matrix gives (IEC 61966-2-1, D65).
constexpr float xyz_from_rgb[3][3] = {{0.4124564f, 0.3575761f, 0.1804375f},
                                      {0.2126729f, 0.7151522f, 0.0721750f},
                                      {0.0193339f, 0.1191920f, 0.9503041f}};
constexpr float rgb_from_xyz[3][3] = {{3.2404542f, -1.5371385f, -0.4985314f},
                                      {-0.9692660f, 1.8760108f, 0.0415560f},
                                      {0.0556434f, -0.2040259f, 1.0572252f}};
constexpr Color white{0.9504700f, 1.0000001f, 1.0888300f};

// CIE's constants in their exact rational form, so that the two pieces of Lab meet.
constexpr float lab_epsilon = 216.0f / 24389.0f;
constexpr float lab_kappa = 24389.0f / 27.0f;

constexpr float neutral_mired = 1e6f / 6504.0f;

Color multiply(const float (&matrix)[3][3], const Color& vector) {
  Color product{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) product[row] += matrix[row][column] * vector[column];
  }
  return product;
}

float lab_curve(float t) { return t > lab_epsilon ? std::cbrt(t) : (lab_kappa * t + 16) / 116; }

float lab_curve_inverse(float f) {
  const float cube = f * f * f;
  return cube > lab_epsilon ? cube : (116 * f - 16) / lab_kappa;
}

// Linear RGB of a light of luminance 1.
Color light(float mired) {
  const Chromaticity c = planckian_locus(1e6f / mired);
  return multiply(rgb_from_xyz, {c.x / c.y, 1, (1 - c.x - c.y) / c.y});
}

}  // namespace

float linear_from_srgb(float encoded) {
  return encoded <= 0.04045f ? encoded / 12.92f : std::pow((encoded + 0.055f) / 1.055f, 2.4f);
}

float srgb_from_linear(float linear) {
  return linear <= 0.0031308f ? linear * 12.92f : 1.055f * std::pow(linear, 1 / 2.4f) - 0.055f;
}

Color lab_from_srgb(const Color& srgb) {
  Color f = multiply(xyz_from_rgb,
                     {linear_from_srgb(srgb[0]), linear_from_srgb(srgb[1]), linear_from_srgb(srgb[2])});
  for (std::size_t axis = 0; axis < 3; ++axis) f[axis] = lab_curve(f[axis] / white[axis]);
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

Color srgb_from_lab(const Color& lab) {
  const float y = (lab[0] + 16) / 116;
  Color xyz{y + lab[1] / 500, y, y - lab[2] / 200};
  for (std::size_t axis = 0; axis < 3; ++axis) xyz[axis] = lab_curve_inverse(xyz[axis]) * white[axis];
  const Color linear = multiply(rgb_from_xyz, xyz);
  return {srgb_from_linear(linear[0]), srgb_from_linear(linear[1]), srgb_from_linear(linear[2])};
}

float luma(const Color& srgb) { return 0.299f * srgb[0] + 0.587f * srgb[1] + 0.114f * srgb[2]; }

Chromaticity planckian_locus(float kelvin) {
  const double t = 1e3 / static_cast<double>(std::clamp(kelvin, 1667.0f, 25000.0f));
  const double x = t >= 0.25 ? ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910
                             : ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390;
  double y;
  if (t > 1 / 2.222) {
    y = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683;
  } else if (t >= 0.25) {
    y = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867;
  } else {
    y = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483;
  }
  return {static_cast<float>(x), static_cast<float>(y)};
}

Color white_balance_gains(float mired_shift) {
  const Color neutral = light(neutral_mired), lit = light(std::max(neutral_mired + mired_shift, 1.0f));
  Color gains{};
  // Below about 1900 K the light leaves sRGB's gamut: blue would become negative.
  for (std::size_t channel = 0; channel < 3; ++channel) {
    gains[channel] = std::max(lit[channel], 0.01f) / neutral[channel];
  }
  const Color grey = multiply(xyz_from_rgb, gains);
  for (float& gain : gains) gain /= grey[1];
  return gains;
}

}  // namespace attune::tools
