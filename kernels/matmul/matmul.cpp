#include "kernels/matmul/matmul.h"

#include <cmath>
#include <limits>

#include "core/checks.h"
#include "kernels/matmul/as_convolution.h"

namespace attune::matmul {

namespace {

constexpr const char* op = "matmul";

// Checks the shapes and returns y's.
Shape check_shapes(const Shape& x, const Shape& weights) {
  require(x.rank() == 2, ErrorKind::argument, op, ": x is ", x, ", expected rank 2");
  require(weights.rank() == 2 && weights.elements() > 0, ErrorKind::argument, op, ": weights is ", weights,
          ", expected rank 2 and extents of at least 1");
  require(weights[1] == x[1], ErrorKind::argument, op, ": weights is ", weights, ", expected ", x[1],
          " columns as x ", x, " has");
  for (const std::int64_t extent : {x[0], x[1], weights[0]})
    require(extent <= std::numeric_limits<std::int32_t>::max(), ErrorKind::argument, op, ": x is ", x,
            ", weights is ", weights, ", expected extents below 2^31");
  return {x[0], weights[0]};
}

// Checks what forward and backward share, and returns the shape of y.
Shape check_inputs(const Context& context, ConstTensorView x, ConstTensorView weights,
                   ConstTensorView rounded_weights, const Options& options) {
  check_activation(op, "x", context, x, 2);
  const Shape y = check_shapes(x.shape, weights.shape);
  check_tensor(op, "weights", context, weights, weights.shape, statistics_dtype(x.dtype));
  if (!rounded_weights.empty())
    check_tensor(op, "rounded_weights", context, rounded_weights, weights.shape, DType::bf16);
  require(options.slope >= 0 && std::isfinite(options.slope), ErrorKind::argument, op, ": slope is ",
          options.slope, ", expected >= 0");
  return y;
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  const Shape y = check_inputs(context, a.x, a.weights, a.rounded_weights, options);
  check_tensor(op, "bias", context, a.bias, {y[1]}, statistics_dtype(a.x.dtype));
  check_tensor(op, "y", context, a.y, y, a.x.dtype);
  if (y.elements() == 0) return;
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a, options);
  if constexpr (built_with_cuda) cuda::forward(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  const Shape y = check_inputs(context, a.x, a.weights, a.rounded_weights, options);
  const DType dtype = statistics_dtype(a.x.dtype);
  if (options.activation != Activation::none) check_tensor(op, "y", context, a.y, y, a.x.dtype);
  check_tensor(op, "dy", context, a.dy, y, a.x.dtype);
  if (a.dx_mode != GradientMode::ignore) check_tensor(op, "dx", context, a.dx, a.x.shape, a.x.dtype);
  if (a.dweights_mode != GradientMode::ignore) {
    check_tensor(op, "dweights", context, a.dweights, a.weights.shape, dtype);
    check_tensor(op, "dbias", context, a.dbias, {y[1]}, dtype);
  }
  if (y.elements() == 0) {
    if (a.dweights_mode != GradientMode::overwrite) return;
    set_zero(context, a.dweights);
    return set_zero(context, a.dbias);
  }
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a, options);
  if constexpr (built_with_cuda) cuda::backward(context, a, options);
}

std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             Device device, int threads) {
  if (check_shapes(x, weights).elements() == 0) return 0;
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(x, weights, dtype, options, threads);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(x, weights, dtype, options);
  return 0;
}

Cost forward_cost(const Shape& x, const Shape& weights, DType dtype) {
  return convolution::forward_cost(as_picture(x), as_kernel(weights), dtype, as_convolution(Options()));
}

Cost backward_cost(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                   GradientMode dx_mode, GradientMode dweights_mode) {
  return convolution::backward_cost(as_picture(x), as_kernel(weights), dtype, as_convolution(options),
                                    dx_mode, dweights_mode);
}

}  // namespace attune::matmul
