// A wave from all cells with a share at once: it reaches every cell first from the nearest, and keeps their order.
#include <algorithm>
#include <vector>

#include "core/shape.h"
#include "kernels/fill_ignored/fill_ignored.h"

namespace attune::fill_ignored::cpu {

namespace {

constexpr std::int32_t none = -1;

// For every cell the nearest of `sources`, found by a wave that starts from all of them in their order.
std::vector<std::int32_t> nearest_source(const std::vector<std::int32_t>& sources, std::int32_t height,
                                         std::int32_t width) {
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

void forward(Context&, const Forward& a) {
  const auto height = static_cast<std::int32_t>(a.mask.shape[0]),
             width = static_cast<std::int32_t>(a.mask.shape[1]), cells = height * width;
  const auto *mask = a.mask.as<float>(), *shares = a.shares.as<float>();
  auto* const colours = a.colours.as<float>();
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
    const std::vector<std::int32_t> nearest = nearest_source(own.empty() ? all : own, height, width);
    for (std::int32_t cell = 0; cell < cells; ++cell)
      if (shares[cell] <= 0 && is_foreground(cell) == foreground)
        std::copy_n(colours + 3 * std::int64_t{nearest[static_cast<std::size_t>(cell)]}, 3,
                    colours + 3 * std::int64_t{cell});
  }
}

}  // namespace attune::fill_ignored::cpu
