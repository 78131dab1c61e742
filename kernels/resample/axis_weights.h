// The sparse matrix of one axis, by rows: what each output position reads and with which weights. The adjoint
// is built as the transpose of the very table that forward uses.
#pragma once

#include <cstdint>

#include "kernels/resample/resample.h"

namespace attune::resample::cpu {

// A row's columns are contiguous, and their first and last never fall from one row to the next; the
// transpose's neither.
struct AxisWeights {
  std::int64_t* offset;  // [rows + 1]: where a row's weights begin
  std::int64_t* first;   // [rows]: a row's first column
  float* weight;

  // At most so many weights, in either direction: area reads each input once and shares one at each inner
  // boundary.
  static std::int64_t max_weights(std::int64_t inputs, std::int64_t outputs) { return inputs + 2 * outputs; }
};

// Fills a table of `outputs` rows over `inputs` > 0 columns. `table` has room for outputs + 1 offsets,
// outputs firsts and max_weights weights.
void fill_forward(const AxisWeights& table, Method method, std::int64_t inputs, std::int64_t outputs);

// Fills `table` (of `inputs` rows) with the transpose of `forward` (of `outputs` rows).
void fill_transpose(const AxisWeights& table, const AxisWeights& forward, std::int64_t inputs,
                    std::int64_t outputs);

}  // namespace attune::resample::cpu
