// Image bias: adds to every pixel of an image that image's own row. The head's map gets the part of the colour transform that
// is the same everywhere.
//
// Forward, p over the pixels of image n:      y[n, p, c]  = x[n, p, c] + bias[n, c]
// Backward, with upstream dy:                 dx[n, p, c] = dy[n, p, c]
//                                             dbias[n, c] = sum_p dy[n, p, c]
//
// | argument | shape        | dtype     |                                                                 |
// | x, y, dx | [N, H, W, C] | f32, bf16 | in; out (overwrite); as dx_mode says                            |
// | bias     | [N, 1, C]    | f32       | in                                                              |
// | dy       | as x         | as x      | in                                                              |
// | dbias    | as bias      | f32       | as dbias_mode says; without pixels 0                            |
//
// Every pointer is aligned to its element; no output may alias an input, but y may be x and dx may be dy.
// Numbers: f32; dbias in f32 over runs that depend on the shape alone, merged in their order and in double:
// deterministic for any number of threads.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table; nothing is written then.
// Thread-safe for distinct contexts.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::image_bias {

struct Forward {
  ConstTensorView x, bias;
  TensorView y;
};

struct Backward {
  ConstTensorView dy;
  TensorView dx;
  GradientMode dx_mode = GradientMode::overwrite;
  TensorView dbias;
  GradientMode dbias_mode = GradientMode::overwrite;
};

void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);

// Scratch that forward and backward take from the context for maps of this shape; a graph reserves it ahead.
std::int64_t workspace_bytes(const Shape& x, Device device);

Cost forward_cost(const Shape& x, DType dtype);
Cost backward_cost(const Shape& x, DType dtype);

// The bodies that are dispatched to after the checks.
namespace cpu {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
std::int64_t workspace_bytes(const Shape& x);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
std::int64_t workspace_bytes(const Shape& x);
}  // namespace cuda

}  // namespace attune::image_bias
