#include <catch2/catch.hpp>

#include "tests/kernels/style_fusion_check.h"
#include "tests/support/cpu_targets.h"
#include "tests/support/op_checks.h"

namespace attune::test {
namespace {

using style_fusion::Backward;
using style_fusion::Forward;
using style_fusion::Gate;
using style_fusion::Options;
using Problem = StyleFusionProblem;

constexpr std::uint64_t seed = 30;

TEST_CASE("style_fusion agrees with the reference") {
  Context context;
  for_each_cpu_target([&] {
    for (const StyleFusionCase& c : style_fusion_cases()) check_style_fusion(context, c, seed);
  });
}

void check_reference_gradients(const StyleFusionCase& c) {
  INFO("mask " << name_of(c.mask) << ", gate " << static_cast<int>(c.gate) << ", seed " << seed);
  Problem problem(c, DType::f64, seed);
  reference::style_fusion::forward<double>(problem.forward(), problem.options());
  reference::style_fusion::backward<double>(problem.backward(), problem.options());
  const auto loss = [&] {
    reference::style_fusion::forward<double>(problem.forward(), problem.options());
    return inner_product(problem.dy, problem.y);
  };
  check_derivative("dx", problem.x, problem.dx, loss, seed);
  check_derivative("dgamma_foreground", problem.gamma_foreground, problem.dgamma_foreground, loss, seed);
  check_derivative("dbeta_foreground", problem.beta_foreground, problem.dbeta_foreground, loss, seed);
  check_derivative("dgamma_background", problem.gamma_background, problem.dgamma_background, loss, seed);
  check_derivative("dbeta_background", problem.beta_background, problem.dbeta_background, loss, seed);
  if (c.gate == Gate::internal) return;
  check_derivative("dexternal_mean", problem.external_mean, problem.dexternal_mean, loss, seed);
  check_derivative("dexternal_sd", problem.external_sd, problem.dexternal_sd, loss, seed);
  if (c.gate == Gate::learned) check_derivative("dgate", problem.gate, problem.dgate, loss, seed);
}

TEST_CASE("style_fusion's reference backward is the derivative of its forward") {
  for (const Mask mask : {Mask::soft, Mask::random, Mask::one_pixel, Mask::empty, Mask::full})
    for (const Gate gate : {Gate::learned, Gate::internal, Gate::external})
      for (const bool leaky_relu : {true, false})
        check_reference_gradients(
            {"gradient", {2, 3, 4, 3}, DType::f64, Values::random, mask, gate, leaky_relu});
}

TEST_CASE("style_fusion gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for (const StyleFusionCase& c : style_fusion_cases()) {
    INFO("case " << c.name << ", seed " << seed);
    check_same_bits([&](Context& context) {
      Problem problem(c, c.dtype, seed);
      style_fusion::forward(context, problem.forward(), problem.options());
      style_fusion::backward(context, problem.backward(), problem.options());
      std::vector<std::vector<char>> bytes = {problem.y.bytes(), problem.mean.bytes(), problem.sd.bytes(),
                                              problem.weight.bytes(), problem.dx.bytes()};
      for (const TestTensor* gradient : problem.gradients()) bytes.push_back(gradient->bytes());
      return bytes;
    });
  }
}

// Image n of a batch, as a batch of one.
template <class View>
View image_of(const View& view, std::int64_t n) {
  View image = view.slice(n);
  image.shape = view.shape.rank() == 4   ? Shape{1, view.shape[1], view.shape[2], view.shape[3]}
                : view.shape.rank() == 3 ? Shape{1, view.shape[1], view.shape[2]}
                                         : Shape{1, view.shape[1]};
  return image;
}

// Sets the inputs of one image's forward or backward to image n of a batch.
template <class Arguments>
void take_image(Arguments& one, const Problem& all, std::int64_t n) {
  one.x = image_of(all.x.view(), n);
  one.mask = image_of(all.mask.view(), n);
  one.external_mean = image_of(all.external_mean.view(), n);
  one.external_sd = image_of(all.external_sd.view(), n);
}

TEST_CASE("style_fusion gives an image the same bits alone and among others") {
  Context context;
  const StyleFusionCase three{"three", {3, 96, 96, 48}};  // more than one group of images (layout.h)
  const StyleFusionCase one{"one", {1, 96, 96, 48}};
  // Parameters of both problems are the same by the seed.
  const Problem all(three, three.dtype, seed);
  style_fusion::forward(context, all.forward(), all.options());
  style_fusion::backward(context, all.backward(), all.options());
  for (std::int64_t n = 0; n < 3; ++n) {
    const Problem alone(one, one.dtype, seed);  // for its outputs
    Forward forward = alone.forward();
    take_image(forward, all, n);
    Backward backward = alone.backward();
    take_image(backward, all, n);
    backward.dy = image_of(all.dy.view(), n);
    style_fusion::forward(context, forward, alone.options());
    style_fusion::backward(context, backward, alone.options());
    const std::size_t bytes = alone.y.bytes().size();
    CHECK(std::memcmp(image_of(all.y.view(), n).data, alone.y.view().data, bytes) == 0);
    CHECK(std::memcmp(image_of(all.dx.view(), n).data, alone.dx.view().data, bytes) == 0);
  }
}

// Forward and backward of one problem.
void run(Context& context, const Problem& problem) {
  style_fusion::forward(context, problem.forward(), problem.options());
  style_fusion::backward(context, problem.backward(), problem.options());
}

double leaky(double value) { return value > 0 ? value : 0.2 * value; }

TEST_CASE("style_fusion without background: the foreground keeps its own style") {
  Context context;
  for (const Gate gate : {Gate::learned, Gate::internal, Gate::external}) {
    const StyleFusionCase c{"full", {2, 6, 7, 20}, DType::f32, Values::random, Mask::full, gate};
    const Problem problem(c, c.dtype, seed);
    run(context, problem);
    const std::vector<double> x = problem.x.get(), dy = problem.dy.get();
    const std::vector<double> gamma = problem.gamma_foreground.get(), beta = problem.beta_foreground.get();
    std::vector<double> y(x.size()), dx(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double z = gamma[i % 20] * x[i] + beta[i % 20];
      y[i] = leaky(z);
      dx[i] = gamma[i % 20] * (z > 0 ? 1 : 0.2) * dy[i];
    }
    CHECK(relative_error(problem.y.get(), y) < 1e-6);
    CHECK(relative_error(problem.dx.get(), dx) < 1e-6);
    if (gate == Gate::internal) continue;
    CHECK(norm(problem.dexternal_mean.get()) == 0);
    CHECK(norm(problem.dexternal_sd.get()) == 0);
    if (gate == Gate::learned) CHECK(norm(problem.dgate.get()) == 0);
  }
}

// (x - mean) / sd of channel i % 20 in the region of a problem with 42 pixels an image.
double normalized(const Problem& problem, const std::vector<double>& x, std::size_t i, std::size_t region) {
  const std::size_t row = (2 * region + i / (42 * 20)) * 20 + i % 20;
  return (x[i] - problem.mean.get()[row]) / problem.sd.get()[row];
}

TEST_CASE("style_fusion without foreground is instance normalization") {
  Context context;
  const StyleFusionCase c{"empty", {2, 6, 7, 20}, DType::f32, Values::random, Mask::empty};
  const Problem problem(c, c.dtype, seed);
  run(context, problem);
  const std::vector<double> x = problem.x.get();
  const std::vector<double> gamma = problem.gamma_background.get(), beta = problem.beta_background.get();
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = leaky(gamma[i % 20] * normalized(problem, x, i, 1) + beta[i % 20]);
  CHECK(relative_error(problem.y.get(), y) < 1e-6);
  CHECK(norm(problem.dexternal_mean.get()) == 0);
  CHECK(norm(problem.dgamma_foreground.get()) == 0);
}

TEST_CASE("style_fusion with gate 0 is RainNet's normalization, with gate 1 purely external") {
  Context context;
  for (const Gate gate : {Gate::internal, Gate::external}) {
    const StyleFusionCase c{"gate", {2, 6, 7, 20}, DType::f32, Values::random, Mask::random, gate};
    const Problem problem(c, c.dtype, seed);
    run(context, problem);
    const std::vector<double> x = problem.x.get(), mask = problem.mask.get();
    const std::vector<double> mean = problem.mean.get(), sd = problem.sd.get();
    const std::vector<double> external_mean = problem.external_mean.get(),
                              external_sd = problem.external_sd.get();
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t channel = i % 20, row = i / (42 * 20) * 20 + channel;
      const double style_mean = gate == Gate::internal ? mean[40 + row] : external_mean[row];
      const double style_sd = gate == Gate::internal ? sd[40 + row] : external_sd[row];
      const bool foreground = mask[i / 20] == 1;
      const double z = foreground ? problem.gamma_foreground.get()[channel] *
                                            (normalized(problem, x, i, 0) * style_sd + style_mean) +
                                        problem.beta_foreground.get()[channel]
                                  : problem.gamma_background.get()[channel] * normalized(problem, x, i, 1) +
                                        problem.beta_background.get()[channel];
      y[i] = leaky(z);
    }
    CHECK(relative_error(problem.y.get(), y) < 1e-6);
  }
}

TEST_CASE("style_fusion with a closed or open learned gate equals the fixed gates") {
  Context context;
  for (const bool open : {false, true}) {
    StyleFusionCase c{"saturated", {2, 6, 7, 20}};
    Problem learned(c, c.dtype, seed);
    c.gate = open ? Gate::external : Gate::internal;
    const Problem fixed(c, c.dtype, seed);
    learned.gate.set(std::vector<double>(20, open ? 200 : -200));
    run(context, learned);
    run(context, fixed);
    CHECK(learned.y.bytes() == fixed.y.bytes());
    CHECK(learned.dx.bytes() == fixed.dx.bytes());
    CHECK(norm(learned.dgate.get()) == 0);
  }
}

TEST_CASE("style_fusion: a NaN stays in its own image") {
  Context context;
  const StyleFusionCase c{"nan", {3, 9, 9, 4}};
  const Problem clean(c, c.dtype, seed);
  Problem dirty(c, c.dtype, seed);
  std::vector<double> x = dirty.x.get();
  x[81 * 4 + 30] = NAN;
  dirty.x.set(x);
  run(context, clean);
  run(context, dirty);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i / (81 * 4) == 1) continue;
    CHECK(dirty.y.get()[i] == clean.y.get()[i]);
    CHECK(dirty.dx.get()[i] == clean.dx.get()[i]);
  }
}

TEST_CASE("style_fusion skips the gradients whose mode says so") {
  Context context;
  const StyleFusionCase c{"ignore", {2, 7, 13, 33}};
  Problem problem(c, c.dtype, seed), expected(c, c.dtype, seed);
  run(context, expected);
  style_fusion::forward(context, problem.forward(), problem.options());
  const TestTensor poisoned(c.x, c.dtype, c.offset);

  Backward none = problem.backward();
  none.dx_mode = none.dexternal_mode = none.dparameters_mode = GradientMode::ignore;
  none.dx = none.dexternal_mean = none.dexternal_sd = none.dgate = {};
  none.dgamma_foreground = none.dbeta_foreground = none.dgamma_background = none.dbeta_background = {};
  CHECK_NOTHROW(style_fusion::backward(context, none, problem.options()));
  CHECK(problem.dx.bytes() == poisoned.bytes());

  // Each alone gives what it gives together with the others.
  Backward only = none;
  only.dx = problem.dx.view();
  only.dx_mode = GradientMode::overwrite;
  style_fusion::backward(context, only, problem.options());
  CHECK(problem.dx.bytes() == expected.dx.bytes());
  only = none;
  only.dexternal_mean = problem.dexternal_mean.view();
  only.dexternal_sd = problem.dexternal_sd.view();
  only.dexternal_mode = GradientMode::overwrite;
  style_fusion::backward(context, only, problem.options());
  CHECK(problem.dexternal_mean.bytes() == expected.dexternal_mean.bytes());
  CHECK(problem.dexternal_sd.bytes() == expected.dexternal_sd.bytes());
}

TEST_CASE("style_fusion refuses wrong arguments and writes nothing") {
  Context context;
  const StyleFusionCase c{"errors", {2, 3, 5, 4}};
  Problem problem(c, c.dtype, seed);
  const TestTensor wrong({3, 3}, DType::f32);
  std::vector<const TestTensor*> outputs = {&problem.y, &problem.mean, &problem.dx};
  for (const TestTensor* gradient : problem.gradients()) outputs.push_back(gradient);

  const auto forward_refused = [&](auto&& change) {
    Forward arguments = problem.forward();
    Options options = problem.options();
    change(arguments, options);
    check_refused("style_fusion: ", outputs, [&] { style_fusion::forward(context, arguments, options); });
  };
  for (ConstTensorView Forward::*input :
       {&Forward::x, &Forward::mask, &Forward::external_mean, &Forward::external_sd, &Forward::gate,
        &Forward::gamma_foreground, &Forward::beta_foreground, &Forward::gamma_background,
        &Forward::beta_background})
    forward_refused([&](Forward& a, Options&) { a.*input = wrong.view(); });
  for (TensorView Forward::*output : {&Forward::y, &Forward::mean, &Forward::sd, &Forward::weight})
    forward_refused([&](Forward& a, Options&) { a.*output = wrong.view(); });
  forward_refused([&](Forward& a, Options&) { a.gate = {}; });
  forward_refused([&](Forward& a, Options&) { a.y.dtype = DType::bf16; });
  forward_refused([&](Forward&, Options& o) { o.eps = -1; });
  forward_refused([&](Forward&, Options& o) { o.slope = 1.5f; });
  forward_refused([&](Forward&, Options& o) { o.slope = NAN; });

  const auto backward_refused = [&](auto&& change) {
    Backward arguments = problem.backward();
    change(arguments);
    check_refused("style_fusion: ", outputs,
                  [&] { style_fusion::backward(context, arguments, problem.options()); });
  };
  for (ConstTensorView Backward::*input :
       {&Backward::x, &Backward::mask, &Backward::external_mean, &Backward::external_sd, &Backward::gate,
        &Backward::mean, &Backward::sd, &Backward::weight, &Backward::dy})
    backward_refused([&](Backward& a) { a.*input = wrong.view(); });
  for (TensorView Backward::*output :
       {&Backward::dx, &Backward::dexternal_mean, &Backward::dexternal_sd, &Backward::dgate,
        &Backward::dgamma_foreground, &Backward::dbeta_foreground, &Backward::dgamma_background,
        &Backward::dbeta_background})
    backward_refused([&](Backward& a) { a.*output = wrong.view(); });
}

TEST_CASE("style_fusion's CPU kernel has no double precision") {
  Context context;
  const Problem problem({"f64", {1, 3, 3, 4}}, DType::f64, seed);
  check_refused(
      "style_fusion", {&problem.y},
      [&] { style_fusion::forward(context, problem.forward(), problem.options()); }, ErrorKind::unsupported);
}

TEST_CASE("style_fusion takes no more scratch than it says") {
  for (const StyleFusionCase& c : style_fusion_cases()) {
    INFO("case " << c.name);
    Context context;
    const std::int64_t bytes = style_fusion::workspace_bytes(c.x, c.dtype, context.device());
    void* scratch = context.workspace(bytes);
    run(context, Problem(c, c.dtype, seed));
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
