// Which output positions of an axis read a run of cells: what a cell's gradient gathers.
#pragma once

#include <cuda_runtime.h>

#include "kernels/resample/bilinear_tap.h"

namespace attune::color_transform::cuda {

struct Axis {
  std::int64_t cells, positions;
  double scale, positions_per_cell;  // cells per position, its inverse

  Axis(std::int64_t cells_, std::int64_t positions_, float scale_)
      : cells(cells_),
        positions(positions_),
        scale(static_cast<double>(scale_)),
        positions_per_cell(1 / scale) {}

  __device__ BilinearTap tap(std::int64_t position) const { return bilinear_tap(position, scale, cells); }
};

// Positions or cells [begin, end).
struct Span {
  int begin, end;
};

// The first position of `within` whose lower cell, lower(position), is `cell` or a later one; within.end where there is
// none. The walk starts a step or two before the position that the inverse of bilinear_tap names, whatever rounding does;
// for cell 0 it may leave out positions that the edge clamps, in which no other cell has a weight.
template <class Lower>
__device__ int first_from(const Axis& axis, int cell, Span within, const Lower& lower) {
  if (cell >= axis.cells) return within.end;
  const double near = (cell + 0.5) * axis.positions_per_cell - 0.5;
  const int start = static_cast<int>(fmin(fmax(near, 0.0), static_cast<double>(axis.positions))) - 1;
  int position = min(max(start, within.begin), within.end);
  while (position < within.end && lower(position) < cell) ++position;
  return position;
}

// The positions of `within` that read any of `cells`: their lower cell is one of these or the one before the first.
template <class Lower>
__device__ Span readers_of(const Axis& axis, Span cells, Span within, const Lower& lower) {
  return {first_from(axis, cells.begin - 1, within, lower), first_from(axis, cells.end, within, lower)};
}

// The part of a position's weight that one of its two cells gets.
__device__ inline float cell_weight(int lower, float fraction, int cell) {
  return lower == cell ? 1 - fraction : fraction;
}

}  // namespace attune::color_transform::cuda
