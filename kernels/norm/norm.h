// The Euclidean norm of a flat array. The optimizer takes it of all gradients at once, to clip them and to
// see whether they are finite.
//
//     norm = sqrt( sum_i x_i^2 )
//
// There is no backward: nothing is differentiated through it.
//
// Degenerate cases: n = 0 gives 0. A NaN or an infinity in x makes the norm NaN or infinity; so does a norm
// beyond the range of f32 (infinity). Squares neither overflow nor vanish on the way.
//
// | argument | shape | dtype |                                              |
// | x        | [n]   | f32   | in; aligned to its element                   |
// | norm     | [1]   | f32   | out (overwrites); not an element of x        |
//
// Numbers: every square is exact in double and is added in double, in a fixed order. On the CPU element i of a block
// goes to lane i mod 16, the lanes are added in order, then the blocks in order: the same bits for any number of
// threads and on every instruction set. On a GPU the order depends on its number of multiprocessors and on x's
// alignment. One pass over x, then one over the blocks' sums.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table; nothing is written then.
// Thread-safe for distinct contexts.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::norm {

struct Forward {
  ConstTensorView x;
  TensorView norm;
};

void forward(Context& context, const Forward& arguments);

// Scratch that forward takes from the context for this many elements; a training step reserves it ahead.
std::int64_t workspace_bytes(std::int64_t elements, Device device);

Cost forward_cost(std::int64_t elements);

// The bodies that forward dispatches to after its checks.
namespace cpu {
void forward(Context& context, const Forward& arguments);
std::int64_t workspace_bytes(std::int64_t elements);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments);
std::int64_t workspace_bytes(std::int64_t elements);
}  // namespace cuda

}  // namespace attune::norm
