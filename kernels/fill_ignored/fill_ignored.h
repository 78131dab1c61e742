// The parts of a picture that are no example to follow, filled with what is: cells without a share take the colour of the
// nearest cell with one, in steps along rows and columns; of several the first in reading order.
//
//     colours(p) = colours( argmin_q |p - q| )         shares(p) <= 0;  shares(q) > 0, and q in p's region where that has any
//
// Regions are the mask's: m >= 1/2, and below. So nothing that is ignored reaches the network, and the statistics of a region
// stay close to those of what is left of it. Without any share nothing is written.
//
// | argument | shape     | dtype |                                                |
// | colours  | [h, w, 3] | f32   | in and out; h w < 2^31                         |
// | mask     | [h, w]    | f32   | in                                             |
// | shares   | [h, w]    | f32   | in, as resample::average_rows leaves them      |
//
// Deterministic, and the same on every device. Errors: ErrorKind::argument on a shape, dtype or device that differs from the
// table; nothing is written then. Thread-safe for distinct contexts.
#pragma once

#include "core/context.h"
#include "core/cost.h"

namespace attune::fill_ignored {

struct Forward {
  TensorView colours;
  ConstTensorView mask, shares;
};

void forward(Context& context, const Forward& arguments);

// Scratch that forward takes from the context.
std::int64_t workspace_bytes(std::int64_t height, std::int64_t width, Device device);

// Of the memory traffic: how far a cell looks for its colour depends on the shares.
Cost forward_cost(const Shape& colours);

// The bodies that are dispatched to after the checks.
namespace cpu {
void forward(Context& context, const Forward& arguments);
}
namespace cuda {
void forward(Context& context, const Forward& arguments);
std::int64_t workspace_bytes(std::int64_t height, std::int64_t width);
}  // namespace cuda

}  // namespace attune::fill_ignored
