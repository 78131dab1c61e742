#include <catch2/catch.hpp>

#include "tests/kernels/style_fusion_check.h"
#include "tests/kernels/style_fusion_properties.h"
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

TEST_CASE("style_fusion without background: the foreground keeps its own style") {
  Context context;
  check_without_background(context, seed);
}

TEST_CASE("style_fusion without foreground is instance normalization") {
  Context context;
  check_without_foreground(context, seed);
}

TEST_CASE("style_fusion with gate 0 is RainNet's normalization, with gate 1 purely external") {
  Context context;
  check_fixed_gates(context, seed);
}

TEST_CASE("style_fusion with a closed or open learned gate equals the fixed gates") {
  Context context;
  check_saturated_gate(context, seed);
}

TEST_CASE("style_fusion with a whole picture's statistics gives a tile's part of it") {
  Context context;
  check_given_statistics(context, seed);
}

TEST_CASE("style_fusion at the activation's kink takes the slope") {
  Context context;
  check_kink(context, seed);
}

TEST_CASE("style_fusion: a NaN stays in its own image") {
  Context context;
  check_nan_stays_in_image(context, seed);
}

TEST_CASE("style_fusion skips the gradients whose mode says so") {
  Context context;
  check_skipped_gradients(context, seed);
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
  Options given = problem.options();
  given.statistics = style_fusion::Statistics::given;
  check_refused("style_fusion: ", outputs,
                [&] { style_fusion::backward(context, problem.backward(), given); });
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
    run_style_fusion(context, Problem(c, c.dtype, seed));
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

}  // namespace
}  // namespace attune::test
