#include "embed/downscale.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/parallel.h"

namespace attune {

namespace {

// Source items [first, first + weights.size()) under one output cell; the weights add up to 1.
struct Box {
  std::int64_t first = 0;
  std::vector<float> weights;
};

std::vector<Box> boxes(std::int64_t source, std::int64_t out) {
  std::vector<Box> all(static_cast<std::size_t>(out));
  const double scale = static_cast<double>(source) / static_cast<double>(out);
  for (std::int64_t i = 0; i < out; ++i) {
    const double begin = static_cast<double>(i) * scale, end = static_cast<double>(i + 1) * scale;
    Box& box = all[static_cast<std::size_t>(i)];
    box.first = std::min(static_cast<std::int64_t>(begin), source - 1);
    const std::int64_t last =
        std::clamp(static_cast<std::int64_t>(std::ceil(end - 1e-9)), box.first + 1, source);
    double sum = 0;
    for (std::int64_t s = box.first; s < last; ++s)
      sum += std::min(end, static_cast<double>(s + 1)) - std::max(begin, static_cast<double>(s));
    for (std::int64_t s = box.first; s < last; ++s)
      box.weights.push_back(static_cast<float>(
          (std::min(end, static_cast<double>(s + 1)) - std::max(begin, static_cast<double>(s))) / sum));
  }
  return all;
}

// Columns first: the rows under the box are added up at full width, a loop that vectorizes; then cells
// across.
template <class Sample>
void downscale(const Downscale& a, int threads) {
  const std::vector<Box> rows = boxes(a.height, a.out_height), columns = boxes(a.width, a.out_width);
  const std::int64_t samples = a.width * a.pixel;
  const float unit = 1.0f / static_cast<float>(std::numeric_limits<Sample>::max());
  // One task a few rows, each with its own sums.
  const std::int64_t tasks = std::min<std::int64_t>(a.out_height, 64);
  parallel_for(threads, tasks, [&](std::int64_t task) {
    std::vector<float> sums(static_cast<std::size_t>(samples));
    const Range range = part_of(a.out_height, tasks, task);
    for (std::int64_t y = range.begin; y < range.end; ++y) {
      const Box& box = rows[static_cast<std::size_t>(y)];
      std::fill(sums.begin(), sums.end(), 0.0f);
      for (std::size_t r = 0; r < box.weights.size(); ++r) {
        const auto* row =
            reinterpret_cast<const Sample*>(static_cast<const char*>(a.source) +
                                            (box.first + static_cast<std::int64_t>(r)) * a.source_stride);
        const float weight = box.weights[r] * unit;
        for (std::int64_t s = 0; s < samples; ++s)
          sums[static_cast<std::size_t>(s)] += weight * static_cast<float>(row[s]);
      }
      float* out = a.out + y * a.out_width * a.channels;
      for (const Box& column : columns)
        for (int c = 0; c < a.channels; ++c) {
          float value = 0;
          const float* from = sums.data() + column.first * a.pixel + c;
          for (std::size_t s = 0; s < column.weights.size(); ++s)
            value += column.weights[s] * from[static_cast<std::int64_t>(s) * a.pixel];
          *out++ = value;
        }
    }
  });
}

}  // namespace

void downscale_u8(const Downscale& arguments, int threads) { downscale<std::uint8_t>(arguments, threads); }
void downscale_u16(const Downscale& arguments, int threads) { downscale<std::uint16_t>(arguments, threads); }

}  // namespace attune
