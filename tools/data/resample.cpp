#include "tools/data/resample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/parallel.h"

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

struct Axis {
  std::int64_t source, target;  // extents
  Range part;                   // of the target
};

std::vector<Taps> axis_taps(const Axis& axis) {
  const double scale = static_cast<double>(axis.source) / static_cast<double>(axis.target);
  std::vector<Taps> taps;
  for (std::int64_t i = axis.part.begin; i < axis.part.end; ++i)
    taps.push_back(scale >= 1 ? area_taps(i, axis.source, scale) : linear_taps(i, axis.source, scale));
  return taps;
}

// `window` scaled to columns.target x rows.target, of which the parts are made.
template <class T>
void resample_any(const BasicImage<T>& image, const Window& window, const Axis& columns, const Axis& rows,
                  bool mirror, float* output) {
  require(window.x >= 0 && window.y >= 0 && window.width > 0 && window.height > 0 &&
              window.width <= image.width - window.x && window.height <= image.height - window.y,
          ErrorKind::argument, "window ", window.x, ",", window.y, " ", window.width, "x", window.height,
          " leaves a picture of ", image.width, "x", image.height);
  require(columns.target > 0 && rows.target > 0, ErrorKind::argument, "cannot scale to ", columns.target, "x",
          rows.target);
  const std::vector<Taps> column_taps = axis_taps(columns), row_taps = axis_taps(rows);
  const int channels = image.channels;
  std::vector<float> row(static_cast<std::size_t>(window.width * channels));
  for (const Taps& taps_of_row : row_taps) {
    blend_rows(image, window, taps_of_row, row);
    for (std::size_t x = 0; x < column_taps.size(); ++x) {
      const Taps& taps = column_taps[mirror ? column_taps.size() - 1 - x : x];
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

template <class T>
void resample_whole(const BasicImage<T>& image, const Window& window, std::int64_t width, std::int64_t height,
                    bool mirror, float* output) {
  resample_any(image, window, {window.width, width, {0, width}}, {window.height, height, {0, height}}, mirror,
               output);
}

}  // namespace

void resample(const Image& image, const Window& window, std::int64_t width, std::int64_t height, bool mirror,
              float* output) {
  resample_whole(image, window, width, height, mirror, output);
}
void resample(const Image16& image, const Window& window, std::int64_t width, std::int64_t height,
              bool mirror, float* output) {
  resample_whole(image, window, width, height, mirror, output);
}

void resample_part(const Image16& image, std::int64_t width, std::int64_t height, const Window& part,
                   float* output) {
  resample_any(image, {0, 0, image.width, image.height}, {image.width, width, {part.x, part.x + part.width}},
               {image.height, height, {part.y, part.y + part.height}}, false, output);
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
