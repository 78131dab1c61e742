#include "kernels/resample/axis_weights.h"

#include <algorithm>

#include "kernels/resample/bilinear_tap.h"

namespace attune::resample::cpu {

namespace {

// The weights of one output: a run of inputs from `first` on. Returns its length.
std::int64_t nearest_weights(std::int64_t output, std::int64_t inputs, std::int64_t outputs,
                             std::int64_t& first, float* weight) {
  first = (2 * output + 1) * inputs / (2 * outputs);
  weight[0] = 1;
  return 1;
}

std::int64_t bilinear_weights(std::int64_t output, std::int64_t inputs, std::int64_t outputs,
                              std::int64_t& first, float* weight) {
  const double scale = static_cast<double>(inputs) / static_cast<double>(outputs);
  const BilinearTap tap = bilinear_tap(output, scale, inputs);
  first = tap.lower;
  weight[0] = 1 - tap.fraction;
  if (tap.fraction == 0) return 1;
  weight[1] = tap.fraction;
  return 2;
}

// In units of 1 / outputs the output covers [output inputs, (output + 1) inputs) and an input covers outputs
// units: integers, so that boundaries that coincide do so exactly.
std::int64_t area_weights(std::int64_t output, std::int64_t inputs, std::int64_t outputs, std::int64_t& first,
                          float* weight) {
  const std::int64_t begin = output * inputs, end = begin + inputs;
  first = begin / outputs;
  std::int64_t count = 0;
  for (std::int64_t input = first; input * outputs < end; ++input) {
    const std::int64_t overlap = std::min(end, (input + 1) * outputs) - std::max(begin, input * outputs);
    weight[count++] = static_cast<float>(static_cast<double>(overlap) / static_cast<double>(inputs));
  }
  return count;
}

}  // namespace

void fill_forward(const AxisWeights& table, Method method, std::int64_t inputs, std::int64_t outputs) {
  const auto weights_of = method == Method::nearest    ? nearest_weights
                          : method == Method::bilinear ? bilinear_weights
                                                       : area_weights;
  table.offset[0] = 0;
  for (std::int64_t output = 0; output < outputs; ++output)
    table.offset[output + 1] = table.offset[output] + weights_of(output, inputs, outputs, table.first[output],
                                                                 table.weight + table.offset[output]);
}

void fill_transpose(const AxisWeights& table, const AxisWeights& forward, std::int64_t inputs,
                    std::int64_t outputs) {
  // Because first and last never fall, the outputs that read an input are contiguous: two indices walk along.
  std::int64_t begin = 0, end = 0;
  table.offset[0] = 0;
  for (std::int64_t input = 0; input < inputs; ++input) {
    const auto past = [&](std::int64_t output) {  // one behind the last input that an output reads
      return forward.first[output] + forward.offset[output + 1] - forward.offset[output];
    };
    while (begin < outputs && past(begin) <= input) ++begin;
    while (end < outputs && forward.first[end] <= input) ++end;
    table.first[input] = begin;
    std::int64_t next = table.offset[input];
    for (std::int64_t output = begin; output < end; ++output)
      table.weight[next++] = forward.weight[forward.offset[output] + input - forward.first[output]];
    table.offset[input + 1] = next;
  }
}

}  // namespace attune::resample::cpu
