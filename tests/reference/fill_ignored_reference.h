// fill_ignored by looking at every pair of cells.
#pragma once

#include <cstdlib>

#include "kernels/fill_ignored/fill_ignored.h"

namespace attune::reference::fill_ignored {

// The nearest cell with a share, of `cell`'s region or (`of_any`) of any; -1 without one.
inline std::int64_t nearest_cell(const attune::fill_ignored::Forward& a, std::int64_t cell, bool of_any) {
  const std::int64_t width = a.mask.shape[1];
  const auto region = [&](std::int64_t p) { return a.mask.as<float>()[p] >= 0.5f; };
  std::int64_t nearest = -1, distance = 0;
  for (std::int64_t p = 0; p < a.mask.elements(); ++p) {
    if (!(a.shares.as<float>()[p] > 0) || (!of_any && region(p) != region(cell))) continue;
    const std::int64_t steps = std::llabs(p / width - cell / width) + std::llabs(p % width - cell % width);
    if (nearest < 0 || steps < distance) nearest = p, distance = steps;
  }
  return nearest;
}

inline void forward(const attune::fill_ignored::Forward& a) {
  auto* colours = a.colours.as<float>();
  for (std::int64_t cell = 0; cell < a.mask.elements(); ++cell) {
    if (a.shares.as<float>()[cell] > 0) continue;
    std::int64_t from = nearest_cell(a, cell, false);
    if (from < 0) from = nearest_cell(a, cell, true);
    for (int c = 0; c < 3 && from >= 0; ++c) colours[3 * cell + c] = colours[3 * from + c];
  }
}

}  // namespace attune::reference::fill_ignored
