// The rows of a run as they were measured.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/cost.h"
#include "core/dtype.h"

namespace attune::bench {

struct MeasuredRow {
  std::string name;  // OP/DIRECTION/DTYPE/SHAPE, on CUDA also with /hot behind it
  Cost cost;
  DType arithmetic;  // the dtype that is multiplied
  double seconds;    // of one call
  double noise;      // of these, relative: see timing.h
};

// One a name, in the order in which the names came: the library runs a row several times, and the last run, which is the
// longest, is the one that it reports.
class MeasuredRows {
 public:
  void keep(MeasuredRow row) {
    const auto same = find(row.name);
    if (same == rows_.end())
      rows_.push_back(std::move(row));
    else
      *same = std::move(row);
  }
  // Of a row that failed.
  void drop(const std::string& name) {
    if (const auto row = find(name); row != rows_.end()) rows_.erase(row);
  }
  const std::vector<MeasuredRow>& all() const { return rows_; }

 private:
  std::vector<MeasuredRow>::iterator find(const std::string& name) {
    return std::find_if(rows_.begin(), rows_.end(), [&](const MeasuredRow& row) { return row.name == name; });
  }

  std::vector<MeasuredRow> rows_;
};

}  // namespace attune::bench
