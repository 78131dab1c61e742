// The sparse matrix of one axis, computed on the spot: which inputs an output reads, and with which weights. Shared by
// every device, so that they agree on every weight.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/dtype.h"
#include "kernels/resample/bilinear_tap.h"
#include "kernels/resample/resample.h"

namespace attune::resample {

// `inputs` positions become `outputs`. Divisions are done once, here.
struct Axis {
  std::int64_t inputs, outputs;
  double scale, share_of_input;  // inputs / outputs, 1 / inputs

  Axis(std::int64_t inputs_, std::int64_t outputs_)
      : inputs(inputs_),
        outputs(outputs_),
        scale(static_cast<double>(inputs) / static_cast<double>(outputs)),
        share_of_input(1 / static_cast<double>(inputs)) {}
};

// The positions [begin, end).
struct Run {
  std::int64_t begin, end;
};

// The inputs that `output` reads.
ATTUNE_HOST_DEVICE inline Run inputs_of(Method method, const Axis& axis, std::int64_t output) {
  if (method == Method::nearest) {
    const std::int64_t nearest = (2 * output + 1) * axis.inputs / (2 * axis.outputs);
    return {nearest, nearest + 1};
  }
  if (method == Method::bilinear) {
    const BilinearTap tap = bilinear_tap(output, axis.scale, axis.inputs);
    return {tap.lower, tap.fraction == 0 ? tap.lower + 1 : tap.upper + 1};
  }
  return {output * axis.inputs / axis.outputs,
          ((output + 1) * axis.inputs + axis.outputs - 1) / axis.outputs};
}

// The weight of `input` in `output`; 0 where it is not read.
ATTUNE_HOST_DEVICE inline float weight_of(Method method, const Axis& axis, std::int64_t output,
                                          std::int64_t input) {
  if (method == Method::nearest) {
    const std::int64_t position = (2 * output + 1) * axis.inputs, cell = 2 * axis.outputs;
    return input * cell <= position && position < (input + 1) * cell ? 1.0f : 0.0f;
  }
  if (method == Method::bilinear) {
    const BilinearTap tap = bilinear_tap(output, axis.scale, axis.inputs);
    return input == tap.lower ? 1 - tap.fraction : input == tap.upper ? tap.fraction : 0;
  }
  // In units of 1 / outputs the output covers [output inputs, (output + 1) inputs) and an input covers outputs units:
  // integers, so that boundaries that coincide do so exactly.
  const std::int64_t output_begin = output * axis.inputs, output_end = output_begin + axis.inputs;
  const std::int64_t input_begin = input * axis.outputs, input_end = input_begin + axis.outputs;
  const std::int64_t begin = output_begin > input_begin ? output_begin : input_begin;
  const std::int64_t end = output_end < input_end ? output_end : input_end;
  return end > begin ? static_cast<float>(static_cast<double>(end - begin) * axis.share_of_input) : 0;
}

// The outputs that read `input`. The edge's inputs stand in for all beyond it.
ATTUNE_HOST_DEVICE inline Run outputs_of(Method method, const Axis& axis, std::int64_t input) {
  const std::int64_t inputs = axis.inputs, outputs = axis.outputs;
  if (method == Method::area)
    return {input * outputs / inputs, ((input + 1) * outputs + inputs - 1) / inputs};
  // Those with begin <= (2 output + 1) inputs < end, in units in which an input covers 2 outputs.
  std::int64_t begin = 2 * input * outputs, end = begin + 2 * outputs;
  if (method == Method::bilinear)
    begin += 1 - outputs, end += outputs;  // positions above input - 1, below input + 1
  const auto first_from = [&](std::int64_t unit) { return (unit + inputs - 1) / (2 * inputs); };
  const bool at_end = input == inputs - 1;
  return {input == 0 ? 0 : first_from(begin),
          at_end || first_from(end) > outputs ? outputs : first_from(end)};
}

// At most so many positions does inputs_of or (transpose) outputs_of give.
inline std::int64_t most_taps(Method method, bool transpose, const Axis& axis) {
  const std::int64_t taken = transpose ? axis.outputs : axis.inputs,
                     own = transpose ? axis.inputs : axis.outputs;
  const auto divide_up = [&](std::int64_t dividend) { return (dividend + own - 1) / own; };
  if (method == Method::nearest) return transpose ? divide_up(taken) : 1;
  if (method == Method::bilinear) return transpose ? std::min(taken, divide_up(2 * taken)) : 2;
  if (taken % own == 0 || own % taken == 0) return divide_up(taken);
  return std::min(taken, taken / own + 2);
}

}  // namespace attune::resample
