#include "kernels/blend_output/store_rows.h"

#include "core/checks.h"

namespace attune::blend_output {

void store_rows(Context& context, const StoredRows& a) {
  constexpr const char* op = "blend_output";
  const std::int64_t samples = check_picture_rows(op, a);
  check_tensor(op, "colours", context, a.colours, {a.height, a.width, 3}, DType::f32);
  if (samples == 0) return;
  if (context.device().kind == DeviceKind::cpu) return cpu::store_rows(context, a);
  if constexpr (built_with_cuda) cuda::store_rows(context, a);
}

Cost store_rows_cost(std::int64_t pixels, int channels, Sample sample) {
  // Per colour: a product, two comparisons, 3 to mix and one to round.
  return {pixels * (3 * 4 + 2 * channels * bytes_of(sample)), pixels * 3 * 7};
}

}  // namespace attune::blend_output
