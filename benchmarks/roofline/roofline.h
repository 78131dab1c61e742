// The rows of a run under the limits of the machine, as a picture.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/machine.h"
#include "core/cost.h"

namespace attune::bench {

struct MeasuredRow {
  std::string name;  // OP/DIRECTION/DTYPE/SHAPE, on CUDA also with /hot behind it
  Cost cost;
  double seconds;
  double ceiling;  // the share of the limit, 0..1
};

struct Roofline {
  std::vector<MeasuredRow> rows;
  MachineLimits limits;
  std::string caption;  // the machine and the day
};

// One self-contained SVG: flops a compulsory byte against GFLOP/s, both logarithmic. Rows of no flops stand left of the axis,
// as high as their bytes a second put them on its edge, where the lines of memory's limits end as well. A table below tells
// what the numbers beside the marks are: rows, or where these are many OP/DIRECTION/DTYPE.
std::string roofline_svg(const Roofline& roofline);

}  // namespace attune::bench
