// A run's rows as a roofline: what each does a second against its arithmetic intensity, under the limits of the machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/roofline/measured_rows.h"
#include "tools/machine/limits.h"

namespace attune::bench {

struct Roofline {
  std::vector<MeasuredRow> rows;  // one at least
  tools::MachineLimits limits;
  std::int64_t cache_bytes;  // the last level's
  std::string caption;       // the machine and the day

  // Of the least time that the limits allow, in the time taken; above 1 where a cache helped.
  double share_of_ceiling(const MeasuredRow& row) const {
    return limits.seconds(row.cost, row.arithmetic) / row.seconds;
  }
  // Whether the row moved its bytes faster than memory can, and could since a cache holds them.
  bool is_in_cache(const MeasuredRow& row) const {
    const auto bytes = static_cast<double>(row.cost.bytes);
    return row.cost.bytes <= cache_bytes && bytes / row.seconds > limits.bytes_per_second;
  }
};

// One self-contained SVG, both axes logarithmic. Rows of no flops stand left of the axis, as high as their bytes a second put
// them on its edge, where the roof of memory ends as well. A table below tells what the numbers beside the marks are: rows, or
// where these are many OP/DIRECTION/DTYPE.
std::string roofline_svg(const Roofline& roofline);

}  // namespace attune::bench
