#include "tools/metrics/resize.h"

#include <algorithm>
#include <cmath>

namespace attune::tools {

namespace {

constexpr float coefficient_scale = 2048;  // OpenCV's INTER_RESIZE_COEF_SCALE

struct Tap {
  std::int64_t first, second;  // source places
  std::int32_t weight0, weight1;
};

// OpenCV computes the place in double, narrows it to float, and rounds both weights half to even.
std::vector<Tap> axis_taps(std::int64_t source, std::int64_t target) {
  const double scale = 1.0 / (static_cast<double>(target) / static_cast<double>(source));
  std::vector<Tap> taps;
  for (std::int64_t i = 0; i < target; ++i) {
    const auto place = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
    const auto floor = static_cast<std::int64_t>(std::floor(place));
    const float fraction = place - static_cast<float>(floor);
    taps.push_back({std::clamp<std::int64_t>(floor, 0, source - 1),
                    std::clamp<std::int64_t>(floor + 1, 0, source - 1),
                    static_cast<std::int32_t>(std::lrintf((1 - fraction) * coefficient_scale)),
                    static_cast<std::int32_t>(std::lrintf(fraction * coefficient_scale))});
  }
  return taps;
}

// Outside the first and last sample's centres OpenCV gives the edge sample all the weight along x; along y it
// keeps both weights on the same row, which can differ in the last bit.
void clamp_to_edges(std::vector<Tap>& taps) {
  for (Tap& tap : taps) {
    if (tap.first == tap.second)
      tap = {tap.first, tap.first, static_cast<std::int32_t>(coefficient_scale), 0};
  }
}

void blend_columns(const Image& image, std::int64_t y, const std::vector<Tap>& columns,
                   std::vector<std::int32_t>& row) {
  const std::uint8_t* source = image.row(y);
  std::size_t out = 0;
  for (const Tap& tap : columns) {
    for (int c = 0; c < image.channels; ++c) {
      row[out++] = source[tap.first * image.channels + c] * tap.weight0 +
                   source[tap.second * image.channels + c] * tap.weight1;
    }
  }
}

}  // namespace

Image resize_bilinear(const Image& image, std::int64_t width, std::int64_t height) {
  require(image.width > 0 && image.height > 0 && width > 0 && height > 0, ErrorKind::argument,
          "cannot scale ", image.width, "x", image.height, " to ", width, "x", height);
  std::vector<Tap> columns = axis_taps(image.width, width);
  clamp_to_edges(columns);
  const std::vector<Tap> rows = axis_taps(image.height, height);
  Image scaled(width, height, image.channels);
  std::vector<std::int32_t> above(static_cast<std::size_t>(width * image.channels)), below(above.size());
  for (std::int64_t y = 0; y < height; ++y) {
    const Tap& tap = rows[static_cast<std::size_t>(y)];
    blend_columns(image, tap.first, columns, above);
    blend_columns(image, tap.second, columns, below);
    std::uint8_t* out = scaled.row(y);
    for (std::size_t i = 0; i < above.size(); ++i) {
      const std::int32_t sum =
          ((tap.weight0 * (above[i] >> 4)) >> 16) + ((tap.weight1 * (below[i] >> 4)) >> 16);
      out[i] = static_cast<std::uint8_t>((sum + 2) >> 2);
    }
  }
  return scaled;
}

}  // namespace attune::tools
