#include "kernels/upsample_concat/upsample_concat.h"

#include "core/checks.h"

namespace attune::upsample_concat {

namespace {

constexpr const char* op = "upsample_concat";

// y's shape, from x's and skip's.
Shape joined_shape(const Shape& x, const Shape& skip) {
  require(x.rank() == 4, ErrorKind::argument, op, ": x is ", x, ", expected rank 4");
  require(skip.rank() == 4 && skip[0] == x[0] && skip[1] == 2 * x[1] && skip[2] == 2 * x[2],
          ErrorKind::argument, op, ": skip is ", skip, ", expected twice the height and width of x, ", x);
  return {skip[0], skip[1], skip[2], x[3] + skip[3]};
}

}  // namespace

void forward(Context& context, const Forward& a) {
  check_activation(op, "x", context, a.x);
  const Shape joined = joined_shape(a.x.shape, a.skip.shape);
  check_tensor(op, "skip", context, a.skip, a.skip.shape, a.x.dtype);
  check_tensor(op, "y", context, a.y, joined, a.x.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  if constexpr (built_with_cuda) cuda::forward(context, a);
}

void backward(Context& context, const Backward& a) {
  check_activation(op, "dy", context, a.dy);
  check_tensor(op, "dy", context, a.dy, joined_shape(a.dx.shape, a.dskip.shape), a.dy.dtype);
  if (a.dx_mode != GradientMode::ignore) check_tensor(op, "dx", context, a.dx, a.dx.shape, a.dy.dtype);
  if (a.dskip_mode != GradientMode::ignore)
    check_tensor(op, "dskip", context, a.dskip, a.dskip.shape, a.dy.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  if constexpr (built_with_cuda) cuda::backward(context, a);
}

std::int64_t workspace_bytes(const Shape& x, Device device) {
  return device.kind == DeviceKind::cpu ? cpu::workspace_bytes(x) : 0;
}

Cost cost(const Shape& x, const Shape& skip, DType dtype) {
  // Rows first: 3 flops for each of 2 rows, then for each of 2 columns.
  const std::int64_t upsampled = 4 * x.elements();
  return {(x.elements() + upsampled + 2 * skip.elements()) * size_of(dtype),
          6 * x.elements() + 3 * upsampled};
}

}  // namespace attune::upsample_concat
