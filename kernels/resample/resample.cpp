#include "kernels/resample/resample.h"

#include "core/checks.h"

namespace attune::resample {

namespace {

constexpr const char* op = "resample";

// Checks that `large` can be resampled to `small` (in either direction of the data).
void check_maps(const Context& context, const char* from, ConstTensorView x, const char* to,
                ConstTensorView y) {
  check_activation(op, from, context, x);
  require(y.shape.rank() == 4, ErrorKind::argument, op, ": ", to, " is ", y.shape, ", expected rank 4");
  check_tensor(op, to, context, y, {x.shape[0], y.shape[1], y.shape[2], x.shape[3]}, x.dtype);
}

void check_sizes(const Shape& x, const Shape& y) {
  require(x.elements() > 0 || y.elements() == 0, ErrorKind::argument, op, ": ", x, " has no pixels to make ",
          y, " of");
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  check_maps(context, "x", a.x, "y", a.y);
  check_sizes(a.x.shape, a.y.shape);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a, options);
  if constexpr (built_with_cuda) cuda::forward(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  check_activation(op, "dy", context, a.dy);
  if (a.dx_mode == GradientMode::ignore) return;
  check_maps(context, "dy", a.dy, "dx", a.dx);
  check_sizes(a.dx.shape, a.dy.shape);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a, options);
  if constexpr (built_with_cuda) cuda::backward(context, a, options);
}

std::int64_t workspace_bytes(const Shape& x, const Shape& y, Device device) {
  return device.kind == DeviceKind::cpu ? cpu::workspace_bytes(x, y) : 0;
}

Cost cost(const Shape& x, const Shape& y, DType dtype, Method method) {
  const std::int64_t bytes = (x.elements() + y.elements()) * size_of(dtype);
  if (method == Method::nearest) return {bytes, 0};
  // bilinear: two taps along each axis, rows first; area: each input enters a weighted sum, then each row's
  // sums do.
  const std::int64_t rows = x[0] * y[1] * x[2] * x[3];
  return {bytes, method == Method::bilinear ? 4 * rows + 4 * y.elements() : 2 * x.elements() + 2 * rows};
}

}  // namespace attune::resample
