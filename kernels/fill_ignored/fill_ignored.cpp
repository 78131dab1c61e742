#include "kernels/fill_ignored/fill_ignored.h"

#include "core/checks.h"

namespace attune::fill_ignored {

void forward(Context& context, const Forward& a) {
  constexpr const char* op = "fill_ignored";
  require(a.colours.shape.rank() == 3, ErrorKind::argument, op, ": colours is ", a.colours.shape,
          ", expected rank 3");
  const std::int64_t height = a.colours.shape[0], width = a.colours.shape[1];
  check_tensor(op, "colours", context, a.colours, {height, width, 3}, DType::f32);
  check_tensor(op, "mask", context, a.mask, {height, width}, DType::f32);
  check_tensor(op, "shares", context, a.shares, {height, width}, DType::f32);
  if (checked_cast<std::int32_t>(checked_multiply(height, width)) == 0) return;
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  if constexpr (built_with_cuda) cuda::forward(context, a);
}

std::int64_t workspace_bytes(std::int64_t height, std::int64_t width, Device device) {
  if constexpr (built_with_cuda)
    if (device.kind == DeviceKind::cuda) return cuda::workspace_bytes(height, width);
  return 0;
}

Cost forward_cost(const Shape& colours) {
  const std::int64_t cells = colours[0] * colours[1];
  return {cells * 4 * (3 + 1 + 1 + 3), 0};
}

}  // namespace attune::fill_ignored
