// The scratch memory of the CPU kernel: the tables of both axes, and a row of floats for each task.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/parallel.h"
#include "core/shape.h"
#include "kernels/resample/axis_weights.h"

namespace attune::resample::cpu {

// Between maps x and y: per axis the forward table and its transpose, then a row of the wider map for each
// part.
class Scratch {
 public:
  Scratch(const Shape& x, const Shape& y)
      : rows_{x[1], y[1]}, columns_{x[2], y[2]}, row_floats_(std::max(x[2], y[2]) * x[3]) {}

  std::int64_t bytes() const {
    return checked_multiply(2, table_bytes(rows_) + table_bytes(columns_)) +
           checked_multiply(scratch_parts, checked_multiply(row_floats_, sizeof(float)));
  }

  // The tables that a pass over rows and columns needs; forward's own, or the transposes of them.
  void fill(void* workspace, Method method, bool transpose) {
    char* memory = static_cast<char*>(workspace);
    rows = fill_axis(memory, rows_, method, transpose);
    columns = fill_axis(memory, columns_, method, transpose);
    buffer_ = reinterpret_cast<float*>(memory);
  }

  float* row_buffer(std::int64_t part) const { return buffer_ + part * row_floats_; }

  AxisWeights rows, columns;

 private:
  struct Axis {
    std::int64_t inputs, outputs;
    std::int64_t positions() const { return std::max(inputs, outputs); }
  };

  static std::int64_t table_bytes(const Axis& axis) {
    const std::int64_t weights =
        AxisWeights::max_weights(axis.inputs, axis.outputs) + 1;  // even, for the next table
    return (2 * axis.positions() + 1) * 8 + weights / 2 * 8;
  }

  static AxisWeights fill_axis(char*& memory, const Axis& axis, Method method, bool transpose) {
    const auto take = [&] {
      auto* offset = reinterpret_cast<std::int64_t*>(memory);
      auto* first = offset + axis.positions() + 1;
      memory += table_bytes(axis);
      return AxisWeights{offset, first, reinterpret_cast<float*>(first + axis.positions())};
    };
    const AxisWeights forward = take(), transposed = take();
    fill_forward(forward, method, axis.inputs, axis.outputs);
    if (!transpose) return forward;
    fill_transpose(transposed, forward, axis.inputs, axis.outputs);
    return transposed;
  }

  Axis rows_, columns_;
  std::int64_t row_floats_;
  float* buffer_ = nullptr;
};

}  // namespace attune::resample::cpu
