// Packing of the network's input: picture and mask become one 4-channel map, centred and padded to the
// network's stride.
//
// Forward, with p' = min(p, size - 1) per axis (the last row and column repeat below and to the right):
//
//     x[n, p, c] = picture[n, p', c] - 1/2    c < 3
//     x[n, p, 3] = mask[n, p']                0 where no mask is given
//
// Backward, with upstream dx: dpicture[n, q, c] = sum of dx[n, p, c] over the p with p' = q. The mask is
// data.
//
// pad_mask pads a mask alone, alike.
//
// | argument | shape          | dtype     |                                                                  |
// | picture  | [N, H, W, 3]   | f32       | in; 0..1                                                         |
// | mask     | [N, H, W]      | f32       | in; may be an empty view (no data): channel 3 is 0               |
// | x, dx    | [N, Hp, Wp, 4] | f32, bf16 | out (overwrite); in. Hp >= H, Wp >= W; H, W > 0 where Hp, Wp are |
// | dpicture | as picture     | f32       | overwrites or accumulates as dpicture_mode says                  |
// | padded   | [N, Hp, Wp]    | f32       | out (overwrite)                                                  |
//
// No output may overlap an input.
// Numbers: f32 sums in a fixed order: deterministic for any number of threads.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table; nothing is written then.
// Thread-safe for distinct contexts. No scratch.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::pack_input {

struct Forward {
  ConstTensorView picture, mask;
  TensorView x;
};

struct Backward {
  ConstTensorView dx;
  TensorView dpicture;
  GradientMode dpicture_mode = GradientMode::overwrite;
};

struct PadMask {
  ConstTensorView mask;
  TensorView padded;
};

void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
void pad_mask(Context& context, const PadMask& arguments);

// `picture` is [N, H, W, 3], `x` is [N, Hp, Wp, 4].
Cost forward_cost(const Shape& picture, const Shape& x, DType dtype);
Cost backward_cost(const Shape& picture, const Shape& x, DType dtype);

// The bodies that are dispatched to after the checks.
namespace cpu {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
void pad_mask(Context& context, const PadMask& arguments);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
void pad_mask(Context& context, const PadMask& arguments);
}  // namespace cuda

}  // namespace attune::pack_input
