// The lower part of a roofline: what the numbers beside its marks are, and each one's figures.
#pragma once

#include <vector>

#include "benchmarks/roofline/entries.h"
#include "benchmarks/roofline/roofline.h"
#include "benchmarks/roofline/svg_writer.h"

namespace attune::bench {

constexpr double table_line_height = 26;

// As wide as from left to right, the first line's foot at `top`; one line more than entries.
void write_table(const Roofline& roofline, const std::vector<Entry>& entries, double left, double right,
                 double top, SvgWriter& svg);

}  // namespace attune::bench
