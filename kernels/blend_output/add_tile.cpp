#include "kernels/blend_output/add_tile.h"

#include "core/checks.h"

namespace attune::blend_output {

void add_tile(Context& context, const AddTile& a) {
  constexpr const char* op = "blend_output";
  require(a.tile.shape.rank() == 3 && a.y.shape.rank() == 3, ErrorKind::argument, op, ": tile is ",
          a.tile.shape, " and y ", a.y.shape, ", expected rank 3");
  const std::int64_t height = a.tile.shape[0], width = a.tile.shape[1];
  check_tensor(op, "tile", context, a.tile, {height, width, 3}, DType::f32);
  check_tensor(op, "rows", context, a.rows, {height}, DType::f32);
  check_tensor(op, "columns", context, a.columns, {width}, DType::f32);
  check_tensor(op, "y", context, a.y, {a.y.shape[0], a.y.shape[1], 3}, DType::f32);
  require(a.first_row >= 0 && a.first_column >= 0 && a.first_row <= a.y.shape[0] - height &&
              a.first_column <= a.y.shape[1] - width,
          ErrorKind::argument, op, ": tile ", a.tile.shape, " at (", a.first_row, ", ", a.first_column,
          ") does not lie in y, ", a.y.shape);
  if (a.tile.elements() == 0) return;
  if (context.device().kind == DeviceKind::cpu) return cpu::add_tile(context, a);
  if constexpr (built_with_cuda) cuda::add_tile(context, a);
}

Cost add_tile_cost(const Shape& tile) {
  return {3 * 4 * tile.elements() + 4 * (tile[0] + tile[1]), tile[0] * tile[1] * (1 + 3 * 2)};
}

}  // namespace attune::blend_output
