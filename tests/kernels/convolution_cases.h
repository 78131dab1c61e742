// The cases of convolution: comparison, gradient check and benchmark run from this list.
#pragma once

#include <string>
#include <vector>

#include "kernels/convolution/convolution.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct ConvolutionCase {
  Shape input;
  std::int64_t outputs = 1;
  std::int64_t kernel = 3;
  convolution::Options options;
  Values values = Values::random;
  int offset = 0;  // of every pointer, in elements
  DType dtype = DType::f32;

  Shape x() const { return input; }
  Shape weights() const { return {outputs, kernel, kernel, input[3]}; }
  Shape y() const { return convolution::output_shape(input, weights(), options); }

  // As in benchmark rows: 8x192x192x16_o16_k3_s1, with what differs from the defaults behind.
  std::string shape_name() const {
    std::string name = text(input[0], 'x', input[1], 'x', input[2], 'x', input[3], "_o", outputs, "_k",
                            kernel, "_s", options.stride);
    if (options.padding != kernel / 2) name += text("_p", options.padding);
    if (options.dilation != 1) name += text("_d", options.dilation);
    return name;
  }
  std::string name() const {
    return text(shape_name(), ' ', attune::name_of(dtype), ' ', test::name_of(values), " activation ",
                static_cast<int>(options.activation), " offset ", offset);
  }
};

inline ConvolutionCase convolution_case(Shape input, std::int64_t outputs, std::int64_t kernel, int stride,
                                        Activation activation = Activation::none) {
  ConvolutionCase c;
  c.input = input;
  c.outputs = outputs;
  c.kernel = kernel;
  c.options.stride = stride;
  c.options.padding = static_cast<int>(kernel / 2);
  c.options.activation = activation;
  return c;
}

// In f32 and bf16 each: extents, channels, strides, kernels and flags, covered pairwise.
inline std::vector<ConvolutionCase> convolution_cases() {
  constexpr auto none = Activation::none, leaky = Activation::leaky_relu, relu = Activation::relu;
  constexpr auto random = Values::random, large_mean = Values::large_mean, constant = Values::constant;
  std::vector<ConvolutionCase> cases = {
      // x, outputs, kernel, {stride, padding, dilation, activation, slope}, values, offset
      {{1, 1, 1, 1}, 1, 1, {1, 0, 1, none}, random, 1},
      {{5, 1, 1, 33}, 16, 3, {1, 1, 1, leaky}, constant, 0},
      {{1, 1, 13, 3}, 4, 3, {2, 1, 1, relu}, large_mean, 0},
      {{5, 7, 13, 4}, 16, 3, {1, 1, 1, leaky}, random, 1},
      {{1, 7, 13, 5}, 33, 1, {1, 2, 1, none}, random, 0},  // padding wider than the window
      {{5, 7, 13, 33}, 5, 3, {2, 1, 2, leaky}, constant, 1},
      {{1, 13, 7, 12}, 12, 1, {2, 0, 1, relu}, large_mean, 0},
      {{5, 13, 7, 16}, 3, 1, {1, 0, 1, leaky}, random, 1},
      {{1, 12, 12, 16}, 32, 3, {2, 2, 2, leaky}, random, 0},
      {{5, 12, 11, 32}, 12, 3, {1, 0, 2, none}, large_mean, 0},
      {{1, 5, 4, 160}, 160, 3, {1, 1, 1, leaky}, random, 1},
      {{5, 6, 5, 160}, 1, 1, {1, 0, 1, none}, constant, 0},  // 30 pixels and odd outputs: see widens_backward
      {{1, 9, 8, 1}, 160, 3, {2, 1, 1, relu}, large_mean, 0},
      {{1, 48, 47, 16}, 16, 3, {1, 1, 1, leaky, 0.0f}, random, 1},
      {{1, 255, 257, 3}, 4, 3, {2, 1, 1, none}, random, 0},
      {{1, 33, 31, 32}, 32, 1, {1, 0, 1, relu}, random, 0},
      {{5, 33, 32, 4}, 12, 1, {2, 0, 1, leaky}, random, 1},
  };
  const std::size_t count = cases.size();
  for (std::size_t k = 0; k < count; ++k) {
    cases.push_back(cases[k]);
    cases.back().dtype = DType::bf16;
  }
  return cases;
}

// The harmonizer's own (preset small, batch 8 at 192 x 192): stem, levels, down-sampling, decoder, head.
inline std::vector<ConvolutionCase> convolution_network_cases() {
  constexpr auto leaky = Activation::leaky_relu;
  return {convolution_case({8, 192, 192, 4}, 16, 3, 1, leaky),
          convolution_case({8, 192, 192, 16}, 16, 3, 1, leaky),
          convolution_case({8, 192, 192, 16}, 32, 3, 2, leaky),
          convolution_case({8, 96, 96, 32}, 32, 3, 1, leaky),
          convolution_case({8, 48, 48, 64}, 64, 3, 1, leaky),
          convolution_case({8, 24, 24, 128}, 128, 3, 1, leaky),
          convolution_case({8, 12, 12, 160}, 160, 3, 1, leaky),
          convolution_case({8, 96, 96, 96}, 32, 3, 1, leaky),
          convolution_case({8, 96, 96, 32}, 12, 3, 1)};
}

}  // namespace attune::test
