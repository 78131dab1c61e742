#include "kernels/image_bias/image_bias.h"

#include "core/checks.h"

namespace attune::image_bias {

namespace {

constexpr const char* op = "image_bias";

void check_bias(const Context& context, const char* name, const ConstTensorView& bias,
                const ConstTensorView& map) {
  check_tensor(op, name, context, bias, {map.shape[0], 1, map.shape[3]}, statistics_dtype(map.dtype));
}

}  // namespace

void forward(Context& context, const Forward& a) {
  check_activation(op, "x", context, a.x);
  check_bias(context, "bias", a.bias, a.x);
  check_tensor(op, "y", context, a.y, a.x.shape, a.x.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  if constexpr (built_with_cuda) cuda::forward(context, a);
}

void backward(Context& context, const Backward& a) {
  check_activation(op, "dy", context, a.dy);
  if (a.dx_mode != GradientMode::ignore) check_tensor(op, "dx", context, a.dx, a.dy.shape, a.dy.dtype);
  if (a.dbias_mode != GradientMode::ignore) check_bias(context, "dbias", a.dbias, a.dy);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  if constexpr (built_with_cuda) cuda::backward(context, a);
}

std::int64_t workspace_bytes(const Shape& x, Device device) {
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(x);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(x);
  return 0;
}

Cost forward_cost(const Shape& x, DType dtype) {
  return {2 * x.elements() * size_of(dtype) + x[0] * x[3] * 4, x.elements()};
}
Cost backward_cost(const Shape& x, DType dtype) { return forward_cost(x, dtype); }

}  // namespace attune::image_bias
