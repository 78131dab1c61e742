// A style_fusion problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include "core/context.h"
#include "tests/kernels/style_fusion_cases.h"
#include "tests/reference/style_fusion_reference.h"
#include "tests/support/op_checks.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for gradients that are added to.
struct StyleFusionProblem {
  StyleFusionCase c;
  DType aux;  // of everything but the activations
  Shape per_image, per_channel;
  TestTensor x, mask, external_mean, external_sd, gate;
  TestTensor gamma_foreground, beta_foreground, gamma_background, beta_background;
  TestTensor y, mean, sd, weight, dy, dx, dexternal_mean, dexternal_sd, dgate;
  TestTensor dgamma_foreground, dbeta_foreground, dgamma_background, dbeta_background;

  // `dtype` stands for the case's own, so that the reference gets the same problem in f32 or f64.
  StyleFusionProblem(const StyleFusionCase& case_, DType dtype, std::uint64_t seed_, Device device_ = {})
      : c(case_),
        aux(statistics_dtype(dtype)),
        per_image{c.x[0], c.x[3]},
        per_channel{c.x[3]},
        x(c.x, dtype, c.offset, device_),
        mask({c.x[0], c.x[1], c.x[2]}, aux, c.offset, device_),
        external_mean(per_image, aux, c.offset, device_),
        external_sd(per_image, aux, c.offset, device_),
        gate(per_channel, aux, c.offset, device_),
        gamma_foreground(per_channel, aux, c.offset, device_),
        beta_foreground(per_channel, aux, c.offset, device_),
        gamma_background(per_channel, aux, c.offset, device_),
        beta_background(per_channel, aux, c.offset, device_),
        y(c.x, dtype, c.offset, device_),
        mean({2, c.x[0], c.x[3]}, aux, c.offset, device_),
        sd({2, c.x[0], c.x[3]}, aux, c.offset, device_),
        weight({2, c.x[0]}, aux, c.offset, device_),
        dy(c.x, dtype, c.offset, device_),
        dx(c.x, dtype, c.offset, device_),
        dexternal_mean(per_image, aux, c.offset, device_),
        dexternal_sd(per_image, aux, c.offset, device_),
        dgate(per_channel, aux, c.offset, device_),
        dgamma_foreground(per_channel, aux, c.offset, device_),
        dbeta_foreground(per_channel, aux, c.offset, device_),
        dgamma_background(per_channel, aux, c.offset, device_),
        dbeta_background(per_channel, aux, c.offset, device_) {
    x.set(rounded(make_values(c.values, c.x.elements(), seed_), c.dtype));
    mask.set(rounded(make_mask(c.mask, c.x[0], c.x[1] * c.x[2], seed_ + 1), DType::f32));
    for (TestTensor* input : {&external_mean, &gate, &beta_foreground, &beta_background})
      input->set(rounded(make_values(Values::random, input->shape().elements(), ++seed_ + 100), DType::f32));
    for (TestTensor* input : {&external_sd, &gamma_foreground, &gamma_background})
      input->set(rounded(positive(make_values(Values::random, input->shape().elements(), ++seed_ + 100)),
                         DType::f32));
    dy.set(rounded(make_values(Values::random, c.x.elements(), ++seed_ + 100), c.dtype));
    if (c.mode != GradientMode::accumulate) return;
    dx.set(rounded(make_values(Values::random, c.x.elements(), ++seed_ + 100), c.dtype));
    for (TestTensor* gradient : gradients())
      gradient->set(
          rounded(make_values(Values::random, gradient->shape().elements(), ++seed_ + 100), DType::f32));
  }

  // All gradients but dx.
  std::vector<TestTensor*> gradients() {
    return {&dexternal_mean,   &dexternal_sd,      &dgate,           &dgamma_foreground,
            &dbeta_foreground, &dgamma_background, &dbeta_background};
  }

  // Takes the upstream gradient from elements so near the activation's kink that rounding may decide their side.
  void leave_kink(const std::vector<double>& exact_y) {
    const double near = c.values == Values::large_mean ? 0.05 : 1e-4;
    std::vector<double> values = dy.get();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::fabs(exact_y[i]) < near) values[i] = 0;
    dy.set(values);
  }

  style_fusion::Options options() const { return {1e-5f, c.gate, c.leaky_relu, 0.2f}; }
  style_fusion::Forward forward() const {
    return inputs<style_fusion::Forward>([&](auto& a) { a.y = y.view(); });
  }
  style_fusion::Backward backward() const {
    return inputs<style_fusion::Backward>([&](style_fusion::Backward& a) {
      a.dy = dy.view();
      a.dx = dx.view();
      a.dx_mode = a.dexternal_mode = a.dparameters_mode = c.mode;
      if (c.gate != style_fusion::Gate::internal) a.dexternal_mean = dexternal_mean.view();
      if (c.gate != style_fusion::Gate::internal) a.dexternal_sd = dexternal_sd.view();
      if (c.gate == style_fusion::Gate::learned) a.dgate = dgate.view();
      a.dgamma_foreground = dgamma_foreground.view();
      a.dbeta_foreground = dbeta_foreground.view();
      a.dgamma_background = dgamma_background.view();
      a.dbeta_background = dbeta_background.view();
    });
  }

 private:
  static std::vector<double> positive(std::vector<double> values) {
    for (double& value : values) value = 0.5 + std::fabs(value);
    return values;
  }
  // What the gate does not use stays an empty view.
  template <class Arguments, class Rest>
  Arguments inputs(const Rest& rest) const {
    Arguments a;
    a.x = x.view();
    a.mask = mask.view();
    if (c.gate != style_fusion::Gate::internal) a.external_mean = external_mean.view();
    if (c.gate != style_fusion::Gate::internal) a.external_sd = external_sd.view();
    if (c.gate == style_fusion::Gate::learned) a.gate = gate.view();
    a.gamma_foreground = gamma_foreground.view();
    a.beta_foreground = beta_foreground.view();
    a.gamma_background = gamma_background.view();
    a.beta_background = beta_background.view();
    a.mean = mean.view();
    a.sd = sd.view();
    a.weight = weight.view();
    rest(a);
    return a;
  }
};

// The op on the context's device against the reference in double, within the tolerance that the plain f32 loop sets.
// Backward goes on from the statistics that the same implementation's forward wrote.
inline void check_style_fusion(Context& context, const StyleFusionCase& c, std::uint64_t seed) {
  INFO("style_fusion case " << c.name << " " << name_of(c.dtype) << " " << c.x << ", seed " << seed);
  StyleFusionProblem actual(c, c.dtype, seed, context.device());
  StyleFusionProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);

  style_fusion::forward(context, actual.forward(), actual.options());
  reference::style_fusion::forward<float>(plain.forward(), plain.options());
  reference::style_fusion::forward<double>(exact.forward(), exact.options());
  check_close("y", actual.y, plain.y, exact.y);
  check_close("mean", actual.mean, plain.mean, exact.mean);
  check_close("sd", actual.sd, plain.sd, exact.sd);
  check_close("weight", actual.weight, plain.weight, exact.weight);

  const std::vector<double> exact_y = exact.y.get();
  for (StyleFusionProblem* problem : {&actual, &plain, &exact}) problem->leave_kink(exact_y);
  style_fusion::backward(context, actual.backward(), actual.options());
  reference::style_fusion::backward<float>(plain.backward(), plain.options());
  reference::style_fusion::backward<double>(exact.backward(), exact.options());
  check_close("dx", actual.dx, plain.dx, exact.dx);
  check_close("dgamma_foreground", actual.dgamma_foreground, plain.dgamma_foreground,
              exact.dgamma_foreground);
  check_close("dbeta_foreground", actual.dbeta_foreground, plain.dbeta_foreground, exact.dbeta_foreground);
  check_close("dgamma_background", actual.dgamma_background, plain.dgamma_background,
              exact.dgamma_background);
  check_close("dbeta_background", actual.dbeta_background, plain.dbeta_background, exact.dbeta_background);
  if (c.gate != style_fusion::Gate::internal) {
    check_close("dexternal_mean", actual.dexternal_mean, plain.dexternal_mean, exact.dexternal_mean);
    check_close("dexternal_sd", actual.dexternal_sd, plain.dexternal_sd, exact.dexternal_sd);
  }
  if (c.gate == style_fusion::Gate::learned) check_close("dgate", actual.dgate, plain.dgate, exact.dgate);
}

}  // namespace attune::test
