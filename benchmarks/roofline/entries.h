// The lines of a roofline's table: each is one mark, one number and some rows.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/roofline/mark.h"
#include "benchmarks/roofline/measured_rows.h"

namespace attune::bench {

struct Entry {
  std::string name;
  Mark mark;
  std::vector<const MeasuredRow*> rows;  // one at least, and of the same op

  bool has_flops() const { return rows[0]->cost.flops > 0; }

  // What `value` makes of each row.
  template <class Value>
  std::vector<double> values(const Value& value) const {
    std::vector<double> all;
    for (const MeasuredRow* row : rows) all.push_back(value(*row));
    return all;
  }
};

// In the order of the rows: one a row, or where these are many one an OP/DIRECTION/DTYPE, the hot rows of a GPU apart.
std::vector<Entry> entries_of(const std::vector<MeasuredRow>& rows);

}  // namespace attune::bench
