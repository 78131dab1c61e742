// The lines of a roofline's table: each is one mark, one number and some rows.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/roofline/label_places.h"
#include "benchmarks/roofline/roofline.h"

namespace attune::bench {

double gigabytes(const MeasuredRow& row);  // a second, as the flops
double gigaflops(const MeasuredRow& row);
double percent(const MeasuredRow& row);    // of the ceiling
double intensity(const MeasuredRow& row);  // flops a byte

std::string figure(double value);  // three digits

// What a row looks like: the op is the colour, the direction the shape, and bf16 is hollow.
struct Mark {
  std::string color, direction, dtype;

  // In SVG; `title` shows where the pointer rests on it.
  std::string at(Point center, const std::string& title = "") const;
};

struct Entry {
  std::string name;
  Mark mark;
  std::vector<const MeasuredRow*> rows;  // one at least, and of the same op

  bool has_flops() const { return rows[0]->cost.flops > 0; }
  // The rows' least and greatest.
  std::string range(double (*value)(const MeasuredRow&)) const;
};

// In the order of the rows: one a row, or where these are many one an OP/DIRECTION/DTYPE, the hot rows of a GPU apart.
std::vector<Entry> entries_of(const std::vector<MeasuredRow>& rows);

}  // namespace attune::bench
