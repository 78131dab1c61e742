// Upsampling by two and concatenation with the encoder's skip, in one pass: what a decoder level begins with.
//
// Forward, up = bilinear upsampling by two with half-pixel centres and clamped edges:
//
//     y[n, h, w, c]      = up(x)[n, h, w, c]        c < Cx
//     y[n, h, w, Cx + c] = skip[n, h, w, c]         c < Cs
//
// Per axis up(x)(2i) = 1/4 x(i - 1) + 3/4 x(i) and up(x)(2i + 1) = 3/4 x(i) + 1/4 x(i + 1), x(-1) = x(0) and
// so on.
//
// Backward, with upstream dy, per axis:
//
//     dx(i)    = 1/4 g(2i - 1) + 3/4 g(2i) + 3/4 g(2i + 1) + 1/4 g(2i + 2),   g = dy[..., :Cx]
//     dskip    = dy[..., Cx:]
//
// without the terms outside, and with 1 instead of 3/4 for the first and the last output: what clamping made
// them read twice.
//
// | argument | shape              | dtype     |                                                            |
// | x        | [N, H/2, W/2, Cx]  | f32, bf16 | in                                                         |
// | skip     | [N, H, W, Cs]      | as x      | in; H, W even; Cs may be 0                                 |
// | y, dy    | [N, H, W, Cx + Cs] | as x      | out (overwrite); in                                        |
// | dx       | as x               | as x      | overwrites or accumulates as dx_mode says                  |
// | dskip    | as skip            | as x      | overwrites or accumulates as dskip_mode says               |
//
// No output may overlap an input.
// Numbers: f32 arithmetic; the skip's part is copied exactly. Deterministic for any number of threads:
// everything is gathered in a fixed order.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table; nothing is written then.
// Thread-safe for distinct contexts.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::upsample_concat {

struct Forward {
  ConstTensorView x, skip;
  TensorView y;
};

struct Backward {
  ConstTensorView dy;
  TensorView dx;
  GradientMode dx_mode = GradientMode::overwrite;
  TensorView dskip;
  GradientMode dskip_mode = GradientMode::overwrite;
};

void forward(Context& context, const Forward& arguments);

// The channel counts of dx and dskip must be known whatever the modes: an ignored view still carries its
// shape.
void backward(Context& context, const Backward& arguments);

// Scratch that forward and backward take from the context for x of this shape.
std::int64_t workspace_bytes(const Shape& x, Device device);

// Forward's and, with every gradient asked for, backward's.
Cost cost(const Shape& x, const Shape& skip, DType dtype);

// The bodies that forward and backward dispatch to after their checks.
namespace cpu {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
std::int64_t workspace_bytes(const Shape& x);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
}  // namespace cuda

}  // namespace attune::upsample_concat
