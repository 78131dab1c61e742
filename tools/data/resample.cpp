#include "tools/data/resample.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attune::tools {

namespace {

// The source samples that make one output sample along an axis; their weights add up to 1.
struct Taps {
  std::int64_t first;
  std::vector<float> weights;
};

Taps area_taps(std::int64_t index, std::int64_t size, double scale) {
  const double begin = static_cast<double>(index) * scale;
  const double end = std::min(begin + scale, static_cast<double>(size));
  Taps taps{std::min(static_cast<std::int64_t>(begin), size - 1), {}};
  for (std::int64_t i = taps.first; i < size && static_cast<double>(i) < end; ++i) {
    const double covered =
        std::min(end, static_cast<double>(i + 1)) - std::max(begin, static_cast<double>(i));
    taps.weights.push_back(static_cast<float>(covered / (end - begin)));
  }
  return taps;
}

Taps linear_taps(std::int64_t index, std::int64_t size, double scale) {
  const double place =
      std::clamp((static_cast<double>(index) + 0.5) * scale - 0.5, 0.0, static_cast<double>(size - 1));
  const auto first = std::min(static_cast<std::int64_t>(place), std::max<std::int64_t>(size - 2, 0));
  const auto fraction = static_cast<float>(place - static_cast<double>(first));
  if (size == 1) return {0, {1}};
  return {first, {1 - fraction, fraction}};
}

std::vector<Taps> axis_taps(std::int64_t source, std::int64_t target) {
  const double scale = static_cast<double>(source) / static_cast<double>(target);
  std::vector<Taps> taps;
  taps.reserve(static_cast<std::size_t>(target));
  for (std::int64_t i = 0; i < target; ++i) {
    taps.push_back(scale >= 1 ? area_taps(i, source, scale) : linear_taps(i, source, scale));
  }
  return taps;
}

// One output row's blend of source rows, still at the window's width, on the 0..1 scale.
template <class T>
void blend_rows(const BasicImage<T>& image, const Window& window, const Taps& taps, std::vector<float>& row) {
  std::fill(row.begin(), row.end(), 0.0f);
  for (std::size_t tap = 0; tap < taps.weights.size(); ++tap) {
    const float weight = taps.weights[tap] / static_cast<float>(std::numeric_limits<T>::max());
    const std::int64_t y = window.y + taps.first + static_cast<std::int64_t>(tap);
    const T* source = image.row(y) + window.x * image.channels;
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += weight * static_cast<float>(source[i]);
  }
}

template <class T>
void resample_any(const BasicImage<T>& image, const Window& window, std::int64_t width, std::int64_t height,
                  bool mirror, float* output) {
  require(window.x >= 0 && window.y >= 0 && window.width > 0 && window.height > 0 &&
              window.width <= image.width - window.x && window.height <= image.height - window.y,
          ErrorKind::argument, "window ", window.x, ",", window.y, " ", window.width, "x", window.height,
          " leaves a picture of ", image.width, "x", image.height);
  require(width > 0 && height > 0, ErrorKind::argument, "cannot scale to ", width, "x", height);
  const std::vector<Taps> columns = axis_taps(window.width, width), rows = axis_taps(window.height, height);
  const int channels = image.channels;
  std::vector<float> row(static_cast<std::size_t>(window.width * channels));
  for (std::int64_t y = 0; y < height; ++y) {
    blend_rows(image, window, rows[static_cast<std::size_t>(y)], row);
    for (std::int64_t x = 0; x < width; ++x) {
      const Taps& taps = columns[static_cast<std::size_t>(mirror ? width - 1 - x : x)];
      for (int c = 0; c < channels; ++c) {
        float sum = 0;
        const float* source = row.data() + taps.first * channels + c;
        for (const float weight : taps.weights) {
          sum += weight * *source;
          source += channels;
        }
        *output++ = std::min(sum, 1.0f);  // the weights' rounding may exceed 1 by one unit in the last place
      }
    }
  }
}

}  // namespace

void resample(const Image& image, const Window& window, std::int64_t width, std::int64_t height, bool mirror,
              float* output) {
  resample_any(image, window, width, height, mirror, output);
}
void resample(const Image16& image, const Window& window, std::int64_t width, std::int64_t height,
              bool mirror, float* output) {
  resample_any(image, window, width, height, mirror, output);
}

Image shrink(Image image, std::int64_t longest) {
  const std::int64_t longer = std::max(image.width, image.height);
  if (longer <= longest) return image;
  const double scale = static_cast<double>(longest) / static_cast<double>(longer);
  const auto scaled = [&](std::int64_t side) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(side) * scale));
  };
  Image small(scaled(image.width), scaled(image.height), image.channels);
  std::vector<float> values(small.pixels.size());
  resample(image, {0, 0, image.width, image.height}, small.width, small.height, false, values.data());
  std::transform(values.begin(), values.end(), small.pixels.begin(),
                 [](float value) { return static_cast<std::uint8_t>(std::lround(value * 255)); });
  return small;
}

}  // namespace attune::tools
