#include "tools/data/edit.h"

#include <algorithm>
#include <cmath>

#include "tools/data/curve.h"
#include "tools/data/random.h"

namespace attune::tools {

namespace {

constexpr float pi = 3.14159265f;

float symmetric(PhiloxStream& random, float range) { return random.uniform(-range, range); }

bool is_identity(const std::array<float, Edit::curve_points>& offsets) {
  return std::all_of(offsets.begin(), offsets.end(), [](float offset) { return offset == 0; });
}

CurveTable tone_curve(const std::array<float, Edit::curve_points>& offsets) {
  std::vector<float> x, y;
  for (std::size_t i = 0; i < Edit::curve_points; ++i) {
    x.push_back(static_cast<float>(i) / static_cast<float>(Edit::curve_points - 1));
    y.push_back(x[i] + offsets[i]);
    if (i > 0) y[i] = std::max(y[i], y[i - 1]);
  }
  return CurveTable(MonotoneCurve(std::move(x), std::move(y)));
}

// White balance, tint, exposure and the gradient are gains in linear light.
void relight(const Edit& edit, const Region& region, Pixels& pixels) {
  Color gains = white_balance_gains(edit.mired_shift);
  gains[1] *= std::exp(edit.tint);
  for (float& gain : gains) gain *= std::exp2(edit.exposure_stops);
  const float dx = std::cos(edit.gradient_angle), dy = std::sin(edit.gradient_angle);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    float local = 1;
    if (edit.gradient_stops != 0) {
      const auto [x, y] = region.position[i];
      local = std::exp2(edit.gradient_stops * (dx * (x - 0.5f) + dy * (y - 0.5f)));
    }
    for (std::size_t c = 0; c < 3; ++c) {
      pixels[i][c] = srgb_from_linear(linear_from_srgb(pixels[i][c]) * gains[c] * local);
    }
  }
}

// Beyond its ends the curve goes on with the slope that it has there.
void brighten(float slope, Pixels& pixels) {
  for (Color& pixel : pixels) {
    for (float& value : pixel) {
      if (value <= 0)
        value *= slope;
      else if (value >= 1)
        value = 1 + (value - 1) / slope;
      else
        value = slope * value / (1 + (slope - 1) * value);
    }
  }
}

void bend(const Edit& edit, Pixels& pixels) {
  for (std::size_t c = 0; c < 3; ++c) {
    if (is_identity(edit.curve_offsets[c])) continue;
    const CurveTable curve = tone_curve(edit.curve_offsets[c]);
    for (Color& pixel : pixels) pixel[c] = curve(pixel[c]);
  }
}

void stretch(float contrast, Pixels& pixels) {
  double sum = 0;
  for (const Color& pixel : pixels) sum += static_cast<double>(luma(pixel));
  const auto mean = static_cast<float>(sum / static_cast<double>(pixels.size()));
  for (Color& pixel : pixels) {
    for (float& value : pixel) value = mean + (value - mean) * contrast;
  }
}

void raise(float gamma, Pixels& pixels) {
  for (Color& pixel : pixels) {
    for (float& value : pixel) value = value > 0 ? std::pow(value, gamma) : value;
  }
}

void saturate(float saturation, Pixels& pixels) {
  for (Color& pixel : pixels) {
    const float grey = luma(pixel);
    for (float& value : pixel) value = grey + (value - grey) * saturation;
  }
}

}  // namespace

Edit draw_edit(const EditRanges& ranges, float strength, PhiloxStream& random) {
  Edit edit;
  const auto takes_part = [&] { return happens(random, ranges.probability); };
  if (takes_part()) {
    edit.mired_shift = std::clamp(normal(random) * ranges.mired * strength, -110.0f, 250.0f);
    edit.tint = normal(random) * ranges.tint * strength;
  }
  if (takes_part()) edit.exposure_stops = symmetric(random, ranges.exposure_stops * strength);
  if (takes_part()) edit.contrast = std::exp(symmetric(random, ranges.log_contrast * strength));
  if (takes_part()) edit.gamma = std::exp(normal(random) * ranges.log_gamma * strength);
  if (takes_part()) edit.saturation = std::exp(symmetric(random, ranges.log_saturation * strength));
  if (takes_part()) {
    for (std::size_t point = 0; point < Edit::curve_points; ++point) {
      const float common = symmetric(random, ranges.curve * strength);
      for (auto& channel : edit.curve_offsets) {
        channel[point] = common + symmetric(random, ranges.channel_curve * strength);
      }
    }
  }
  if (happens(random, ranges.gradient_probability)) {
    edit.gradient_stops = symmetric(random, ranges.gradient_stops * strength);
    edit.gradient_angle = symmetric(random, pi);
  }
  if (ranges.log_brightness > 0 && takes_part())
    edit.log_brightness = symmetric(random, ranges.log_brightness * strength);
  return edit;
}

Pixels apply_edit(const Edit& edit, const Region& region) {
  Pixels pixels = region.pixels;
  if (pixels.empty()) return pixels;
  if (edit.mired_shift != 0 || edit.tint != 0 || edit.exposure_stops != 0 || edit.gradient_stops != 0) {
    relight(edit, region, pixels);
  }
  if (edit.log_brightness != 0) brighten(std::exp(edit.log_brightness), pixels);
  bend(edit, pixels);
  if (edit.contrast != 1) stretch(edit.contrast, pixels);
  if (edit.gamma != 1) raise(edit.gamma, pixels);
  if (edit.saturation != 1) saturate(edit.saturation, pixels);
  return pixels;
}

}  // namespace attune::tools
