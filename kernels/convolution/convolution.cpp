#include "kernels/convolution/convolution.h"

#include <cmath>
#include <limits>

#include "core/checks.h"

namespace attune::convolution {

namespace {

constexpr const char* op = "convolution";

void check_extents(const char* name, const Shape& shape) {
  require(shape.rank() == 4, ErrorKind::argument, op, ": ", name, " is ", shape, ", expected rank 4");
  for (int axis = 0; axis < 4; ++axis)
    require(shape[axis] <= std::numeric_limits<std::int32_t>::max(), ErrorKind::argument, op, ": ", name,
            " is ", shape, ", expected extents below 2^31");
}

void check_options(const Options& o) {
  require(o.stride >= 1, ErrorKind::argument, op, ": stride is ", o.stride, ", expected >= 1");
  require(o.padding >= 0, ErrorKind::argument, op, ": padding is ", o.padding, ", expected >= 0");
  require(o.dilation >= 1, ErrorKind::argument, op, ": dilation is ", o.dilation, ", expected >= 1");
  require(o.slope >= 0 && std::isfinite(o.slope), ErrorKind::argument, op, ": slope is ", o.slope,
          ", expected >= 0");
}

std::int64_t output_extent(std::int64_t extent, std::int64_t kernel, const Options& o) {
  const std::int64_t room = extent + 2 * std::int64_t{o.padding} - o.dilation * (kernel - 1) - 1;
  return extent == 0 || room < 0 ? 0 : room / o.stride + 1;
}

// Checks what forward and backward share, and returns the shape of y.
Shape check_inputs(const Context& context, ConstTensorView x, ConstTensorView weights,
                   ConstTensorView rounded_weights, const Options& options) {
  check_activation(op, "x", context, x);
  const Shape y = output_shape(x.shape, weights.shape, options);
  check_tensor(op, "weights", context, weights, weights.shape, statistics_dtype(x.dtype));
  if (!rounded_weights.empty())
    check_tensor(op, "rounded_weights", context, rounded_weights, weights.shape, DType::bf16);
  return y;
}

void zero_overwritten(Context& context, const Backward& a) {
  if (a.dx_mode == GradientMode::overwrite) set_zero(context, a.dx);
  if (a.dweights_mode != GradientMode::overwrite) return;
  set_zero(context, a.dweights);
  set_zero(context, a.dbias);
}

}  // namespace

Shape output_shape(const Shape& x, const Shape& weights, const Options& options) {
  check_extents("x", x);
  check_extents("weights", weights);
  check_options(options);
  require(weights.elements() > 0, ErrorKind::argument, op, ": weights is ", weights,
          ", expected extents of at least 1");
  require(weights[3] == x[3], ErrorKind::argument, op, ": weights is ", weights, ", expected ", x[3],
          " input channels as x ", x, " has");
  const Shape y{x[0], output_extent(x[1], weights[1], options), output_extent(x[2], weights[2], options),
                weights[0]};
  check_extents("y", y);
  return y;
}

void forward(Context& context, const Forward& a, const Options& options) {
  const Shape y = check_inputs(context, a.x, a.weights, a.rounded_weights, options);
  check_tensor(op, "bias", context, a.bias, {y[3]}, statistics_dtype(a.x.dtype));
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
    check_tensor(op, "dbias", context, a.dbias, {y[3]}, dtype);
  }
  if (y.elements() == 0) return zero_overwritten(context, a);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a, options);
  if constexpr (built_with_cuda) cuda::backward(context, a, options);
}

void round_weights(Context& context, ConstTensorView weights, TensorView rounded) {
  require(weights.shape.rank() == 1, ErrorKind::argument, op, ": weights is ", weights.shape,
          ", expected rank 1");
  check_tensor(op, "weights", context, weights, weights.shape, DType::f32);
  check_tensor(op, "rounded", context, rounded, weights.shape, DType::bf16);
  if (weights.elements() == 0) return;
  if (context.device().kind == DeviceKind::cpu) return cpu::round_weights(context, weights, rounded);
  if constexpr (built_with_cuda) cuda::round_weights(context, weights, rounded);
}

std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             Device device, int threads) {
  if (output_shape(x, weights, options).elements() == 0) return 0;
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(x, weights, dtype, options, threads);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(x, weights, dtype, options);
  return 0;
}

std::int64_t forward_workspace_bytes(const Shape& x, const Shape& weights, DType dtype,
                                     const Options& options, Device device, int threads) {
  if (output_shape(x, weights, options).elements() == 0) return 0;
  if (device.kind == DeviceKind::cpu)
    return cpu::forward_workspace_bytes(x, weights, dtype, options, threads);
  if constexpr (built_with_cuda) return cuda::forward_workspace_bytes(x, weights, dtype, options);
  return 0;
}

std::int64_t packed_bytes(Context& context, const Shape& x, const Shape& weights, DType dtype,
                          const Options& options) {
  if (output_shape(x, weights, options).elements() == 0 || context.device().kind != DeviceKind::cpu) return 0;
  return cpu::packed_bytes(context, x, weights, dtype, options);
}

void pack_weights(Context& context, const Shape& x, ConstTensorView weights, DType dtype,
                  const Options& options, void* packed) {
  check_tensor(op, "weights", context, weights, weights.shape, statistics_dtype(dtype));
  if (output_shape(x, weights.shape, options).elements() == 0 || context.device().kind != DeviceKind::cpu)
    return;
  require(packed && reinterpret_cast<std::uintptr_t>(packed) % 64 == 0, ErrorKind::argument, op,
          ": packed is null or not aligned to 64 bytes");
  cpu::pack_weights(context, x, weights, dtype, options, packed);
}

Cost forward_cost(const Shape& x, const Shape& weights, DType dtype, const Options& options) {
  const Shape y = output_shape(x, weights, options);
  const std::int64_t parameters = weights.elements() + weights[0];
  const std::int64_t taps = weights[1] * weights[2] * weights[3];
  return {(x.elements() + y.elements()) * size_of(dtype) + parameters * size_of(statistics_dtype(dtype)),
          2 * y.elements() * taps};
}

Cost backward_cost(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                   GradientMode dx_mode, GradientMode dweights_mode) {
  const Shape y = output_shape(x, weights, options);
  const std::int64_t parameter_size = size_of(statistics_dtype(dtype));
  const std::int64_t product = 2 * y.elements() * weights[1] * weights[2] * weights[3];
  Cost cost{(options.activation == Activation::none ? 1 : 2) * y.elements() * size_of(dtype), 0};
  // dx reads the weights, dweights reads x; each is a product as large as forward's.
  if (dx_mode != GradientMode::ignore)
    cost = cost + Cost{gradient_accesses(dx_mode) * x.elements() * size_of(dtype) +
                           weights.elements() * parameter_size,
                       product};
  if (dweights_mode != GradientMode::ignore)
    cost = cost + Cost{x.elements() * size_of(dtype) + gradient_accesses(dweights_mode) *
                                                           (weights.elements() + weights[0]) * parameter_size,
                       product};
  return cost;
}

}  // namespace attune::convolution
