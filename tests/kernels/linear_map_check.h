// What the tests of convolution and matmul share: both map x by weights and bias, then activate.
//
// Op names the op under test: types Case, Forward, Backward, Options; static forward, backward (of the kernel),
// reference_forward<T>, reference_backward<T>, options(case), workspace_bytes(case).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "core/context.h"
#include "core/cost.h"
#include "kernels/convolution/convolution.h"
#include "tests/support/compare.h"
#include "tests/support/gradient_check.h"
#include "tests/support/inputs.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

// Everything a case reads and writes: inputs filled, outputs poisoned.
template <class Op>
struct LinearMapSetup {
  using Case = typename Op::Case;

  explicit LinearMapSetup(const Case& c, std::uint64_t seed = 1, Device device = {})
      : LinearMapSetup(c, c.dtype, device) {
    x.set(make_values(c.values, x.shape().elements(), seed));
    weights.set(make_values(Values::random, weights.shape().elements(), seed + 1));
    bias.set(make_values(Values::random, bias.shape().elements(), seed + 2));
    std::vector<double> signs = make_values(Values::random, y.shape().elements(), seed + 3);
    if (!signs.empty()) signs[0] = 0;
    y.set(signs);
    dy.set(make_values(Values::random, dy.shape().elements(), seed + 4));
  }
  // The same inputs, in another dtype that holds their values.
  LinearMapSetup(const Case& c, const LinearMapSetup& other, DType dtype)
      : LinearMapSetup(c, dtype, Device{}) {
    x.set(other.x.get());
    weights.set(other.weights.get());
    bias.set(other.bias.get());
    y.set(other.y.get());
    dy.set(other.dy.get());
  }

  typename Op::Forward forward() const { return {x.view(), weights.view(), bias.view(), out.view()}; }
  typename Op::Backward backward(GradientMode dx_mode = GradientMode::overwrite,
                                 GradientMode dweights_mode = GradientMode::overwrite) const {
    return {x.view(), weights.view(),  y.view(),     dy.view(),    dx.view(),
            dx_mode,  dweights.view(), dbias.view(), dweights_mode};
  }

  TestTensor x, weights, bias, y, dy;   // inputs of forward and backward
  TestTensor out, dx, dweights, dbias;  // outputs

 private:
  LinearMapSetup(const Case& c, DType dtype, Device device)
      : x(c.x(), dtype, c.offset, device),
        weights(c.weights(), statistics_dtype(dtype), c.offset, device),
        bias({c.outputs}, statistics_dtype(dtype), c.offset, device),
        y(c.y(), dtype, c.offset, device),
        dy(c.y(), dtype, c.offset, device),
        out(c.y(), dtype, c.offset, device),
        dx(c.x(), dtype, c.offset, device),
        dweights(c.weights(), statistics_dtype(dtype), c.offset, device),
        dbias({c.outputs}, statistics_dtype(dtype), c.offset, device) {}
};

// With rounded weights beside them the products give the same bits, and where those are aligned nothing else is read: the
// other weights may then be NaN.
template <class Op>
void check_rounded_weights(Context& context, const typename Op::Case& c, bool aligned) {
  INFO(c.name());
  LinearMapSetup<Op> own(c, 1, context.device()), given(c, 1, context.device());
  const TestTensor rounded({c.weights().elements()}, DType::bf16, aligned ? 0 : 1, context.device());
  convolution::round_weights(context, own.weights.view().reshaped({c.weights().elements()}), rounded.view());
  context.synchronize();
  if (aligned) given.weights.set(std::vector<double>(static_cast<std::size_t>(c.weights().elements()), NAN));

  auto forward = given.forward();
  auto backward = given.backward();
  forward.rounded_weights = backward.rounded_weights = rounded.view().reshaped(c.weights());
  Op::forward(context, own.forward(), Op::options(c));
  Op::backward(context, own.backward(), Op::options(c));
  Op::forward(context, forward, Op::options(c));
  Op::backward(context, backward, Op::options(c));
  context.synchronize();
  CHECK(given.out.bytes() == own.out.bytes());
  CHECK(given.dx.bytes() == own.dx.bytes());
  CHECK(given.dweights.bytes() == own.dweights.bytes());
}

// `actual` against the reference in double, with the tolerance that the plain loop in f32 sets.
inline void check_close(const char* name, DType dtype, const TestTensor& actual, const TestTensor& plain,
                        const TestTensor& expected) {
  INFO(name);
  const std::vector<double> exact = expected.get();
  CHECK(relative_error(actual.get(), exact) <= tolerance(dtype, relative_error(plain.get(), exact)));
}

template <class Op>
void check_against_reference(Context& context, const typename Op::Case& c) {
  INFO(c.name());
  const auto options = Op::options(c);
  const LinearMapSetup<Op> actual(c, 1, context.device()), plain(c, actual, DType::f32),
      expected(c, actual, DType::f64);
  Op::forward(context, actual.forward(), options);
  Op::template reference_forward<float>(plain.forward(), options);
  Op::template reference_forward<double>(expected.forward(), options);
  check_close("y", c.dtype, actual.out, plain.out, expected.out);

  Op::backward(context, actual.backward(), options);
  Op::template reference_backward<float>(plain.backward(), options);
  Op::template reference_backward<double>(expected.backward(), options);
  check_close("dx", c.dtype, actual.dx, plain.dx, expected.dx);
  check_close("dweights", c.dtype, actual.dweights, plain.dweights, expected.dweights);
  check_close("dbias", c.dtype, actual.dbias, plain.dbias, expected.dbias);
}

// Every pair of modes: what is ignored stays, what is accumulated is added to what was there.
template <class Op>
void check_modes(Context& context, const typename Op::Case& c) {
  constexpr GradientMode modes[] = {GradientMode::ignore, GradientMode::overwrite, GradientMode::accumulate};
  for (const GradientMode dx_mode : modes)
    for (const GradientMode dweights_mode : modes) {
      INFO(c.name() << ", dx mode " << static_cast<int>(dx_mode) << ", dweights mode "
                    << static_cast<int>(dweights_mode));
      LinearMapSetup<Op> actual(c, 1, context.device());
      std::uint64_t seed = 7;
      for (TestTensor* gradient : {&actual.dx, &actual.dweights, &actual.dbias})
        gradient->set(make_values(Values::random, gradient->shape().elements(), seed++));
      LinearMapSetup<Op> expected(c, actual, DType::f64);
      expected.dx.set(actual.dx.get());
      expected.dweights.set(actual.dweights.get());
      expected.dbias.set(actual.dbias.get());
      Op::backward(context, actual.backward(dx_mode, dweights_mode), Op::options(c));
      Op::template reference_backward<double>(expected.backward(dx_mode, dweights_mode), Op::options(c));
      const double bound = tolerance(c.dtype, 0);
      CHECK(relative_error(actual.dx.get(), expected.dx.get()) <= bound);
      CHECK(relative_error(actual.dweights.get(), expected.dweights.get()) <= bound);
      CHECK(relative_error(actual.dbias.get(), expected.dbias.get()) <= bound);
    }
}

// The reference's backward against central differences of <forward, dy> in every input.
template <class Op>
void check_reference_gradients(const typename Op::Case& c) {
  INFO(c.name());
  const auto options = Op::options(c);
  LinearMapSetup<Op> s(c, LinearMapSetup<Op>(c), DType::f64);
  Op::template reference_forward<double>(s.forward(), options);
  s.y.set(s.out.get());
  Op::template reference_backward<double>(s.backward(), options);
  const std::vector<double> dy = s.dy.get();
  const auto check = [&](const char* name, TestTensor& input, const TestTensor& gradient) {
    const std::vector<double> start = input.get();
    const auto value = [&](const std::vector<double>& at) {
      input.set(at);
      Op::template reference_forward<double>(s.forward(), options);
      const std::vector<double> out = s.out.get();
      double sum = 0;
      for (std::size_t k = 0; k < out.size(); ++k) sum += out[k] * dy[k];
      return sum;
    };
    const GradientCheck result = check_gradient(value, start, gradient.get());
    INFO(name << ": " << result.failure);
    CHECK(result.ok);
    input.set(start);
  };
  check("x", s.x, s.dx);
  check("weights", s.weights, s.dweights);
  check("bias", s.bias, s.dbias);
}

// Equal bits on a repeated run and from a fresh context, for each number of threads.
template <class Op>
void check_repeatable(const typename Op::Case& c) {
  for (const int threads : {1, 2, 4}) {
    INFO(c.name() << ", threads " << threads);
    Context context({}, threads), fresh({}, threads);
    const LinearMapSetup<Op> first(c), second(c), third(c);
    const auto run = [&](Context& on, const LinearMapSetup<Op>& s) {
      Op::forward(on, s.forward(), Op::options(c));
      Op::backward(on, s.backward(), Op::options(c));
    };
    run(context, first);
    run(context, second);
    run(fresh, third);
    for (const LinearMapSetup<Op>* again : {&second, &third}) {
      CHECK(again->out.bytes() == first.out.bytes());
      CHECK(again->dx.bytes() == first.dx.bytes());
      CHECK(again->dweights.bytes() == first.dweights.bytes());
      CHECK(again->dbias.bytes() == first.dbias.bytes());
    }
    const LinearMapSetup<Op> expected(c, first, DType::f64);
    Op::template reference_backward<double>(expected.backward(), Op::options(c));
    CHECK(relative_error(first.dweights.get(), expected.dweights.get()) <= tolerance(c.dtype, 0));
  }
}

// The planned workspace is enough for every mode: it is never replaced, and nothing is written behind it.
template <class Op>
void check_workspace(const typename Op::Case& c) {
  INFO(c.name());
  Context context({}, 2);
  constexpr std::int64_t guard = 1 << 16;
  const std::int64_t planned = Op::workspace_bytes(c, 2);
  auto* workspace = static_cast<unsigned char*>(context.workspace(planned + guard));
  std::memset(workspace, 0xab, static_cast<std::size_t>(planned + guard));
  const LinearMapSetup<Op> s(c);
  Op::forward(context, s.forward(), Op::options(c));
  Op::backward(context, s.backward(), Op::options(c));
  Op::backward(context, s.backward(GradientMode::accumulate, GradientMode::accumulate), Op::options(c));
  CHECK(context.workspace(planned + guard) == workspace);
  CHECK(std::all_of(workspace + planned, workspace + planned + guard,
                    [](unsigned char b) { return b == 0xab; }));
}

// The call throws ErrorKind::argument and leaves every output of the setup as it was.
template <class Op>
void check_rejected(const LinearMapSetup<Op>& s, const std::function<void()>& call) {
  const auto outputs = [&] {
    return std::vector<std::vector<char>>{s.out.bytes(), s.dx.bytes(), s.dweights.bytes(), s.dbias.bytes()};
  };
  const auto before = outputs();
  try {
    call();
    FAIL("no error was thrown");
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.kind() == ErrorKind::argument);
  }
  CHECK(outputs() == before);
}

}  // namespace attune::test
