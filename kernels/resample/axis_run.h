// The sparse matrix of one axis, computed on the spot: which inputs an output reads, and with which weights. Shared by
// every device, so that they agree on every weight.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "kernels/resample/bilinear_tap.h"
#include "kernels/resample/resample.h"

namespace attune::resample {

// `inputs` positions become `outputs`. Divisions are done once, here.
struct Axis {
  std::int64_t inputs, outputs;
  double scale, outputs_per_input, share_of_input;  // inputs / outputs, its inverse, 1 / inputs

  Axis(std::int64_t inputs_, std::int64_t outputs_)
      : inputs(inputs_),
        outputs(outputs_),
        scale(static_cast<double>(inputs) / static_cast<double>(outputs)),
        outputs_per_input(static_cast<double>(outputs) / static_cast<double>(inputs)),
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

// The outputs that may read `input`: a few too many at either end. The edge's inputs stand in for all beyond it.
ATTUNE_HOST_DEVICE inline Run outputs_near(const Axis& axis, std::int64_t input) {
  const auto begin = static_cast<std::int64_t>(static_cast<double>(input - 1) * axis.outputs_per_input) - 2;
  const auto end = static_cast<std::int64_t>(static_cast<double>(input + 2) * axis.outputs_per_input) + 2;
  return {input == 0 || begin < 0 ? 0 : begin, end > axis.outputs ? axis.outputs : end};
}

}  // namespace attune::resample
