#include "tools/data/mask_error.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/shape.h"

namespace attune::tools {

namespace {

// Means over 2 radius + 1 items of a line, of those that there are; items are `stride` apart.
void blur_line(const float* from, float* to, std::int64_t count, std::int64_t stride, std::int64_t radius) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t begin = std::max<std::int64_t>(i - radius, 0), end = std::min(i + radius + 1, count);
    float sum = 0;
    for (std::int64_t k = begin; k < end; ++k) sum += from[k * stride];
    to[i * stride] = sum / static_cast<float>(end - begin);
  }
}

std::vector<float> blurred(const float* mask, std::int64_t size, std::int64_t radius) {
  const auto pixels = static_cast<std::size_t>(size * size);
  std::vector<float> rows(pixels), both(pixels);
  for (std::int64_t y = 0; y < size; ++y) blur_line(mask + y * size, rows.data() + y * size, size, 1, radius);
  for (std::int64_t x = 0; x < size; ++x) blur_line(rows.data() + x, both.data() + x, size, size, radius);
  return both;
}

}  // namespace

void draw_mask_error(PhiloxStream& random, std::int64_t size, float* mask) {
  const std::int64_t largest = std::max<std::int64_t>(size / 64, 1);
  const std::int64_t radius = 1 + random.below(checked_cast<std::uint32_t>(largest));
  const float threshold = random.uniform(0.1f, 0.9f);
  // At most so wide a ramp around the threshold that 0 and 1 stay what they are.
  const float width = 2 * std::min(threshold, 1 - threshold) * random.uniform(0.2f, 1);
  std::vector<float> moved = blurred(mask, size, radius);
  for (float& value : moved) value = std::clamp((value - threshold) / width + 0.5f, 0.0f, 1.0f);
  const float area = std::accumulate(mask, mask + size * size, 0.0f);
  if (std::accumulate(moved.begin(), moved.end(), 0.0f) < area / 2) return;
  std::copy(moved.begin(), moved.end(), mask);
}

}  // namespace attune::tools
