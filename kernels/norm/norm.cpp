#include "kernels/norm/norm.h"

#include "core/checks.h"

namespace attune::norm {

namespace {

constexpr const char* op = "norm";

}  // namespace

void forward(Context& context, const Forward& a) {
  check_activation(op, "x", context, a.x, 1);
  require(a.x.dtype != DType::bf16, ErrorKind::argument, op, ": x is bf16, expected f32");
  check_tensor(op, "norm", context, a.norm, {1}, a.x.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  if constexpr (built_with_cuda) cuda::forward(context, a);
}

std::int64_t workspace_bytes(std::int64_t elements, Device device) {
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(elements);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(elements);
  return 0;
}

Cost forward_cost(std::int64_t elements) { return {4 * (elements + 1), 2 * elements}; }

}  // namespace attune::norm
