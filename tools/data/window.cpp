#include "tools/data/window.h"

#include <algorithm>
#include <cmath>

namespace attune::tools {

namespace {

constexpr int draws = 10;

float foreground_share(const Image& mask, const Window& window) {
  std::int64_t sum = 0;
  for (std::int64_t y = window.y; y < window.y + window.height; ++y) {
    const std::uint8_t* row = mask.row(y) + window.x;
    for (std::int64_t x = 0; x < window.width; ++x) sum += row[x];
  }
  return static_cast<float>(sum) / 255 / static_cast<float>(window.width * window.height);
}

std::int64_t scaled_side(std::int64_t side, float factor) {
  return std::clamp<std::int64_t>(std::llround(static_cast<float>(side) * factor), 1, side);
}

std::int64_t draw_offset(PhiloxStream& random, std::int64_t room) {
  return static_cast<std::int64_t>(random.below(checked_cast<std::uint32_t>(room + 1)));
}

}  // namespace

Window draw_window(PhiloxStream& random, std::int64_t width, std::int64_t height, const Image& mask,
                   const WindowOptions& options) {
  for (int draw = 0; draw < draws; ++draw) {
    const float side = std::sqrt(random.uniform(options.min_area, 1));
    const float stretch = std::exp(random.uniform(-0.5f, 0.5f) * std::log(options.max_stretch));
    Window window;
    window.width = scaled_side(width, side * stretch);
    window.height = scaled_side(height, side / stretch);
    window.x = draw_offset(random, width - window.width);
    window.y = draw_offset(random, height - window.height);
    if (mask.width == 0) return window;
    const float share = foreground_share(mask, window);
    if (share >= options.min_foreground && share <= options.max_foreground) return window;
  }
  return {0, 0, width, height};
}

}  // namespace attune::tools
