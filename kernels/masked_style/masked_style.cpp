#include "kernels/masked_style/masked_style.h"

#include "core/checks.h"

namespace attune::masked_style {

namespace {

constexpr const char* op = "masked_style";

// Checks x and mask, which forward and backward share, and returns the shape of mean and sd.
Shape check_inputs(const Context& context, ConstTensorView x, ConstTensorView mask) {
  check_activation(op, "x", context, x);
  check_tensor(op, "mask", context, mask, {x.shape[0], x.shape[1], x.shape[2]}, statistics_dtype(x.dtype));
  return {2, x.shape[0], x.shape[3]};
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  const Shape style = check_inputs(context, a.x, a.mask);
  const DType dtype = statistics_dtype(a.x.dtype);
  check_tensor(op, "mean", context, a.mean, style, dtype);
  check_tensor(op, "sd", context, a.sd, style, dtype);
  check_tensor(op, "weight", context, a.weight, {2, a.x.shape[0]}, dtype);
  require(options.eps >= 0, ErrorKind::argument, op, ": eps is ", options.eps, ", expected >= 0");
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a, options);
  if constexpr (built_with_cuda) cuda::forward(context, a, options);
}

void backward(Context& context, const Backward& a) {
  const Shape style = check_inputs(context, a.x, a.mask);
  const DType dtype = statistics_dtype(a.x.dtype);
  check_tensor(op, "mean", context, a.mean, style, dtype);
  check_tensor(op, "sd", context, a.sd, style, dtype);
  check_tensor(op, "weight", context, a.weight, {2, a.x.shape[0]}, dtype);
  check_tensor(op, "dmean", context, a.dmean, style, dtype);
  check_tensor(op, "dsd", context, a.dsd, style, dtype);
  if (a.dx_mode == GradientMode::ignore) return;
  check_tensor(op, "dx", context, a.dx, a.x.shape, a.x.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  if constexpr (built_with_cuda) cuda::backward(context, a);
}

std::int64_t workspace_bytes(const Shape& x, Device device) {
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(x);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(x);
  return 0;
}

Cost forward_cost(const Shape& x, DType dtype) {
  const std::int64_t pixels = x[0] * x[1] * x[2];
  const std::int64_t statistics = 4 * x[0] * x[3] + 2 * x[0];
  // Per element: the shift, two weights, and for each region a weighted sum and a weighted sum of squares.
  return {x.elements() * size_of(dtype) + 4 * (pixels + statistics), 9 * x.elements()};
}

Cost backward_cost(const Shape& x, DType dtype) {
  const std::int64_t pixels = x[0] * x[1] * x[2];
  const std::int64_t statistics = 8 * x[0] * x[3] + 2 * x[0];
  // Per element and region a x + b with a, b per channel, then the two regions' sum.
  return {2 * x.elements() * size_of(dtype) + 4 * (pixels + statistics), 6 * x.elements()};
}

}  // namespace attune::masked_style
