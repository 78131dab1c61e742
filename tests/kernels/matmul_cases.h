// The cases of matmul: comparison, gradient check and benchmark run from this list.
#pragma once

#include <string>
#include <vector>

#include "kernels/matmul/matmul.h"
#include "tests/support/inputs.h"

namespace attune::test {

struct MatmulCase {
  std::int64_t rows, inputs, outputs;
  Activation activation = Activation::none;
  Values values = Values::random;
  int offset = 0;  // of every pointer, in elements
  DType dtype = DType::f32;
  float slope = 0.2f;

  Shape x() const { return {rows, inputs}; }
  Shape weights() const { return {outputs, inputs}; }
  Shape y() const { return {rows, outputs}; }
  matmul::Options options() const { return {activation, slope}; }

  std::string shape_name() const { return text(rows, 'x', inputs, "_o", outputs); }
  std::string name() const {
    return text(shape_name(), ' ', attune::name_of(dtype), ' ', test::name_of(values), " activation ",
                static_cast<int>(activation), " offset ", offset);
  }
};

// In f32 and bf16 each.
inline std::vector<MatmulCase> matmul_cases() {
  constexpr auto none = Activation::none, leaky = Activation::leaky_relu, relu = Activation::relu;
  std::vector<MatmulCase> cases = {
      {1, 1, 1, none, Values::random, 1},        {1, 160, 12, relu, Values::random, 0},
      {63, 33, 5, leaky, Values::large_mean, 1}, {65, 3, 4, none, Values::constant, 0},
      {257, 16, 32, relu, Values::random, 1},    {512, 32, 256, relu, Values::random, 0},
      {300, 256, 64, none, Values::random, 0},   {5, 512, 1, leaky, Values::large_mean, 0},
      {7, 1, 33, leaky, Values::random, 0},      {91, 5, 512, none, Values::random, 1},
  };
  const std::size_t count = cases.size();
  for (std::size_t k = 0; k < count; ++k) {
    cases.push_back(cases[k]);
    cases.back().dtype = DType::bf16;
  }
  return cases;
}

// The projection heads: 256 samples of each of 8 images, every level's channels -> 256 -> 256.
inline std::vector<MatmulCase> matmul_network_cases() {
  std::vector<MatmulCase> cases;
  for (const std::int64_t inputs : {16, 32, 64, 128, 160})
    cases.push_back({2048, inputs, 256, Activation::relu});
  cases.push_back({2048, 256, 256});
  return cases;
}

}  // namespace attune::test
