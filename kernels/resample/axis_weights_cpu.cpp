#include "kernels/resample/axis_weights.h"

#include "kernels/resample/axis_run.h"

namespace attune::resample::cpu {

void fill_forward(const AxisWeights& table, Method method, std::int64_t inputs, std::int64_t outputs) {
  const Axis axis(inputs, outputs);
  table.offset[0] = 0;
  for (std::int64_t output = 0; output < outputs; ++output) {
    const Run run = inputs_of(method, axis, output);
    table.first[output] = run.begin;
    std::int64_t next = table.offset[output];
    for (std::int64_t input = run.begin; input < run.end; ++input)
      table.weight[next++] = weight_of(method, axis, output, input);
    table.offset[output + 1] = next;
  }
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
