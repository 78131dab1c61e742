#include "embed/ignored.h"

#include <algorithm>
#include <vector>

namespace attune {

namespace {

constexpr std::int32_t none = -1;

// For every cell the nearest of `sources`, found by a wave that starts from all of them in their order.
std::vector<std::int32_t> nearest_source(const std::vector<std::int32_t>& sources, const PictureSize& size) {
  const auto width = static_cast<std::int32_t>(size.width), height = static_cast<std::int32_t>(size.height);
  std::vector<std::int32_t> nearest(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), none);
  std::vector<std::int32_t> wave = sources;
  wave.reserve(nearest.size());
  for (const std::int32_t cell : sources) nearest[static_cast<std::size_t>(cell)] = cell;
  const auto reach = [&](std::int32_t from, std::int32_t cell) {
    std::int32_t& source = nearest[static_cast<std::size_t>(cell)];
    if (source != none) return;
    source = nearest[static_cast<std::size_t>(from)];
    wave.push_back(cell);
  };
  for (std::size_t next = 0; next < wave.size(); ++next) {
    const std::int32_t cell = wave[next], x = cell % width, y = cell / width;
    if (x > 0) reach(cell, cell - 1);
    if (x + 1 < width) reach(cell, cell + 1);
    if (y > 0) reach(cell, cell - width);
    if (y + 1 < height) reach(cell, cell + width);
  }
  return nearest;
}

}  // namespace

void fill_ignored(float* colours, const float* mask, const float* shares, const PictureSize& size) {
  const auto cells = checked_cast<std::int32_t>(checked_multiply(size.width, size.height));
  const auto is_foreground = [&](std::int32_t cell) { return mask[cell] >= 0.5f; };
  std::vector<std::int32_t> all, regions[2];
  for (std::int32_t cell = 0; cell < cells; ++cell) {
    if (shares[cell] <= 0) continue;
    all.push_back(cell);
    regions[is_foreground(cell) ? 1 : 0].push_back(cell);
  }
  if (all.empty() || all.size() == static_cast<std::size_t>(cells)) return;
  for (const bool foreground : {false, true}) {
    const std::vector<std::int32_t>& own = regions[foreground ? 1 : 0];
    const std::vector<std::int32_t> nearest = nearest_source(own.empty() ? all : own, size);
    for (std::int32_t cell = 0; cell < cells; ++cell)
      if (shares[cell] <= 0 && is_foreground(cell) == foreground)
        std::copy_n(colours + 3 * std::int64_t{nearest[static_cast<std::size_t>(cell)]}, 3,
                    colours + 3 * std::int64_t{cell});
  }
}

}  // namespace attune
