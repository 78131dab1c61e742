#include "kernels/style_fusion/style_fusion.h"

#include "core/checks.h"

namespace attune::style_fusion {

namespace {

constexpr const char* op = "style_fusion";

// Checks one call's tensors against x: its shape, its dtype and that of its statistics.
class Checks {
 public:
  Checks(const Context& context, ConstTensorView x) : context_(context), x_(x) {
    check_activation(op, "x", context, x);
  }
  void activation(const char* name, ConstTensorView view) const {
    check_tensor(op, name, context_, view, x_.shape, x_.dtype);
  }
  void mask(ConstTensorView view) const { check(view, "mask", {x_.shape[0], x_.shape[1], x_.shape[2]}); }
  void external(const char* name, ConstTensorView view) const {
    check(view, name, {x_.shape[0], x_.shape[3]});
  }
  void parameter(const char* name, ConstTensorView view) const { check(view, name, {x_.shape[3]}); }
  void statistics(ConstTensorView mean, ConstTensorView sd, ConstTensorView weight) const {
    check(mean, "mean", {2, x_.shape[0], x_.shape[3]});
    check(sd, "sd", {2, x_.shape[0], x_.shape[3]});
    check(weight, "weight", {2, x_.shape[0]});
  }

 private:
  void check(ConstTensorView view, const char* name, const Shape& shape) const {
    check_tensor(op, name, context_, view, shape, statistics_dtype(x_.dtype));
  }

  const Context& context_;
  ConstTensorView x_;
};

// What Forward and Backward have in common.
template <class Arguments>
Checks check_inputs(const Context& context, const Arguments& a, const Options& options) {
  const Checks checks(context, a.x);
  checks.mask(a.mask);
  if (options.gate != Gate::internal) {
    checks.external("external_mean", a.external_mean);
    checks.external("external_sd", a.external_sd);
  }
  if (options.gate == Gate::learned) checks.parameter("gate", a.gate);
  checks.parameter("gamma_foreground", a.gamma_foreground);
  checks.parameter("beta_foreground", a.beta_foreground);
  checks.parameter("gamma_background", a.gamma_background);
  checks.parameter("beta_background", a.beta_background);
  checks.statistics(a.mean, a.sd, a.weight);
  require(options.eps >= 0, ErrorKind::argument, op, ": eps is ", options.eps, ", expected >= 0");
  require(!options.leaky_relu || (options.slope >= 0 && options.slope <= 1), ErrorKind::argument, op,
          ": slope is ", options.slope, ", expected 0..1");
  return checks;
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  const Checks checks = check_inputs(context, a, options);
  checks.activation("y", a.y);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a, options);
  if constexpr (built_with_cuda) cuda::forward(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require(options.statistics == Statistics::own, ErrorKind::argument, op,
          ": given statistics have no backward: they are not a function of x");
  const Checks checks = check_inputs(context, a, options);
  checks.activation("dy", a.dy);
  if (a.dx_mode != GradientMode::ignore) checks.activation("dx", a.dx);
  if (a.dexternal_mode != GradientMode::ignore && options.gate != Gate::internal) {
    checks.external("dexternal_mean", a.dexternal_mean);
    checks.external("dexternal_sd", a.dexternal_sd);
  }
  if (a.dparameters_mode != GradientMode::ignore) {
    if (options.gate == Gate::learned) checks.parameter("dgate", a.dgate);
    checks.parameter("dgamma_foreground", a.dgamma_foreground);
    checks.parameter("dbeta_foreground", a.dbeta_foreground);
    checks.parameter("dgamma_background", a.dgamma_background);
    checks.parameter("dbeta_background", a.dbeta_background);
  }
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a, options);
  if constexpr (built_with_cuda) cuda::backward(context, a, options);
}

std::int64_t workspace_bytes(const Shape& x, DType dtype, Device device) {
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(x, dtype);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(x);
  return 0;
}

Cost forward_cost(const Shape& x, DType dtype) {
  const std::int64_t pixels = x[0] * x[1] * x[2];
  const std::int64_t statistics =
      6 * x[0] * x[3] + 2 * x[0] + 5 * x[3];  // with the external style and parameters
  // Per element: 9 for the statistics (masked_style), 3 for either region's y, 3 to blend, 2 for the activation.
  return {2 * x.elements() * size_of(dtype) + 4 * (pixels + statistics), 20 * x.elements()};
}

Cost backward_cost(const Shape& x, DType dtype) {
  const std::int64_t pixels = x[0] * x[1] * x[2];
  const std::int64_t statistics = 8 * x[0] * x[3] + 2 * x[0] + 10 * x[3];
  // Per element: 9 for y's sign, 2 for d, 5 for either region's sums, 6 for either region's dx, 3 to blend.
  return {3 * x.elements() * size_of(dtype) + 4 * (pixels + statistics), 36 * x.elements()};
}

}  // namespace attune::style_fusion
