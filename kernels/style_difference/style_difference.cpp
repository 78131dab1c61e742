#include "kernels/style_difference/style_difference.h"

#include "core/checks.h"

namespace attune::style_difference {

namespace {

constexpr const char* op = "style_difference";

// Checks the maps against the rows, and returns the rows' width.
void check_maps(const Context& context, const std::array<Map, max_maps>& maps, int count,
                const ConstTensorView& rows, const char* name) {
  require(count >= 1 && count <= max_maps, ErrorKind::argument, op, ": ", count, " maps, expected 1 to ",
          max_maps);
  const DType dtype = statistics_dtype(rows.dtype);
  check_activation(op, name, context, rows, 3);
  check_tensor(op, name, context, rows, rows.shape, dtype);
  std::int64_t width = 0;
  for (int map = 0; map < count; ++map) {
    const Map& m = maps[static_cast<std::size_t>(map)];
    require(m.mean.shape.rank() == 3, ErrorKind::argument, op, ": mean is ", m.mean.shape,
            ", expected [2, N, C]");
    const Shape style{2, rows.shape[0], m.mean.shape[2]};
    check_tensor(op, "mean", context, m.mean, style, dtype);
    check_tensor(op, "sd", context, m.sd, style, dtype);
    check_tensor(op, "weight", context, m.weight, {2, rows.shape[0]}, dtype);
    width += 4 * style[2];
  }
  require(rows.shape[1] == 1 && rows.shape[2] == width, ErrorKind::argument, op, ": ", name, " is ",
          rows.shape, ", expected ", Shape{rows.shape[0], 1, width});
}

}  // namespace

void forward(Context& context, const Forward& a) {
  check_maps(context, a.maps, a.count, a.y, "y");
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  if constexpr (built_with_cuda) cuda::forward(context, a);
}

void backward(Context& context, const Backward& a) {
  check_maps(context, a.maps, a.count, a.dy, "dy");
  for (int map = 0; map < a.count; ++map) {
    const MapGradient& gradient = a.gradients[static_cast<std::size_t>(map)];
    if (gradient.mode == GradientMode::ignore) continue;
    const ConstTensorView& mean = a.maps[static_cast<std::size_t>(map)].mean;
    check_tensor(op, "dmean", context, gradient.mean, mean.shape, mean.dtype);
    check_tensor(op, "dsd", context, gradient.sd, mean.shape, mean.dtype);
  }
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  if constexpr (built_with_cuda) cuda::backward(context, a);
}

// A logarithm and a division count as one operation each.
Cost forward_cost(const Shape& y) { return {2 * y.elements() * 4, y.elements() / 4 * 6}; }
Cost backward_cost(const Shape& y) { return {3 * y.elements() * 4, y.elements() / 4 * 14}; }

}  // namespace attune::style_difference
