// An adamw problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "tests/kernels/adamw_cases.h"
#include "tests/reference/adamw_reference.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Every array holds values, because every array but the gradients is read and written.
struct AdamwProblem {
  TestTensor parameters, gradients, first_moment, second_moment, average, gradient_norm;
  bool averaged;

  AdamwProblem(const AdamwCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : parameters({c.elements}, dtype, c.offset, device),
        gradients({c.elements}, dtype, c.offset, device),
        first_moment({c.elements}, dtype, c.offset, device),
        second_moment({c.elements}, dtype, c.offset, device),
        average({c.elements}, dtype, c.offset, device),
        gradient_norm({1}, dtype, c.offset, device),
        averaged(c.averaged) {
    const auto values = [&](Values kind, std::uint64_t stream) {
      return make_values(kind, c.elements, seed + stream);
    };
    const std::vector<double> gradient = values(c.gradients, 0);
    std::vector<double> squares = values(Values::random, 1);
    for (double& square : squares) square *= square;
    set(parameters, values(Values::random, 2));
    set(gradients, gradient);
    set(first_moment, values(Values::random, 3));
    set(second_moment, squares);
    set(average, values(Values::random, 4));
    set(gradient_norm, {norm(gradient)});
  }

  adamw::Step step() const {
    return {parameters.view(),
            gradients.view(),
            first_moment.view(),
            second_moment.view(),
            averaged ? average.view() : TensorView(),
            gradient_norm.view()};
  }

  // All that a step may write.
  std::vector<std::vector<char>> bits() const {
    return {parameters.bytes(), first_moment.bytes(), second_moment.bytes(), average.bytes()};
  }

 private:
  // Rounded to f32, so that every dtype sees the same numbers.
  static void set(TestTensor& to, const std::vector<double>& values) { to.set(rounded(values, DType::f32)); }
};

inline void check_adamw(Context& context, const AdamwCase& c, std::uint64_t seed) {
  INFO("adamw case " << c.name << " [" << c.elements << "], seed " << seed);
  const AdamwProblem actual(c, DType::f32, seed, context.device());
  const AdamwProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  adamw::step(context, actual.step(), c.options);
  reference::adamw::step<float>(plain.step(), c.options);
  reference::adamw::step<double>(exact.step(), c.options);
  check_close("parameters", actual.parameters, plain.parameters, exact.parameters);
  check_close("first_moment", actual.first_moment, plain.first_moment, exact.first_moment);
  check_close("second_moment", actual.second_moment, plain.second_moment, exact.second_moment);
  check_close("average", actual.average, plain.average, exact.average);
}

}  // namespace attune::test
