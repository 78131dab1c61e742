// A picture that is seen in overlapping tiles, put together from them:
//
//     y(first_row + i, first_column + j, c) += rows(i) columns(j) tile(i, j, c)
//
// | argument | shape     | dtype |                                       |
// | tile     | [h, w, 3] | f32   | in; within y where it is placed       |
// | rows     | [h]       | f32   | in                                    |
// | columns  | [w]       | f32   | in                                    |
// | y        | [H, W, 3] | f32   | accumulates; apart from the others    |
//
// Errors: ErrorKind::argument on a shape, dtype, device or place that differs from this; nothing is written then.
// Thread-safe for distinct contexts. Per pixel: the same bits for any number of threads. No scratch.
#pragma once

#include "core/context.h"
#include "core/cost.h"

namespace attune::blend_output {

struct AddTile {
  ConstTensorView tile, rows, columns;
  std::int64_t first_row = 0, first_column = 0;
  TensorView y;
};

void add_tile(Context& context, const AddTile& arguments);

Cost add_tile_cost(const Shape& tile);

// The bodies that are dispatched to after the checks.
namespace cpu {
void add_tile(Context& context, const AddTile& arguments);
}
namespace cuda {
void add_tile(Context& context, const AddTile& arguments);
}

}  // namespace attune::blend_output
