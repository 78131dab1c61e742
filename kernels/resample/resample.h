// Resampling of feature maps, pictures (C = 3) and masks (C = 1) to another size: nearest, bilinear or area
// averaging. Data preparation, the masks of the deeper levels and the picture that the network sees come from
// here.
//
// Forward, per axis of I input and O output positions, scale = I / O, half-pixel centres:
//
//     nearest    y(o) = x(floor((o + 1/2) scale))
//     bilinear   y(o) = (1 - f) x(i) + f x(i + 1),   i + f = (o + 1/2) scale - 1/2, clamped to [0, I - 1]
//     area       y(o) = 1 / scale  integral of x over [o scale, (o + 1) scale)         x constant on [i, i + 1)
//
// bilinear does not widen when it shrinks (as OpenCV's INTER_LINEAR); area is the exact box average at any
// factor. Both axes: y = R_y x R_x^T, with the sparse matrices R of the axes. Backward, with upstream dy, is
// the adjoint:
//
//     dx = R_y^T dy R_x
//
// Snap: area averages of a 0/1 mask that rounding leaves within 1e-5 of 0 or 1 become exactly that, so that
// "outside the mask" stays exact. It moves no value further than 1e-5, and backward takes it as the identity.
//
// Degenerate cases: an empty input with outputs is an error; inputs that no output reads get dx = 0.
//
// | argument | shape        | dtype     |                                                                  |
// | x        | [N, H, W, C] | f32, bf16 | in; finite; C may be 0                                           |
// | y        | [N, h, w, C] | as x      | out (overwrite); must not overlap x                              |
// | dy       | [N, h, w, C] | as x      | in; finite                                                       |
// | dx       | [N, H, W, C] | as x      | overwrites or accumulates as dx_mode says; must not overlap dy   |
//
// A mask [N, H, W] goes in as view.reshaped({N, H, W, 1}).
// Numbers: positions in f64, weights stored and sums taken in f32. Deterministic for any number of
// threads: each output gathers its inputs, and each dx its outputs, in a fixed order.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table; nothing is written then.
// Thread-safe for distinct contexts.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::resample {

inline constexpr float snap_distance = 1e-5f;

ATTUNE_HOST_DEVICE inline float snapped(float average) {
  if (average >= -snap_distance && average <= snap_distance) return 0;
  return average - 1 >= -snap_distance && average - 1 <= snap_distance ? 1 : average;
}

enum class Method : std::uint8_t { nearest, bilinear, area };

struct Options {
  Method method = Method::bilinear;
  bool snap = false;
};

struct Forward {
  ConstTensorView x;
  TensorView y;
};

struct Backward {
  ConstTensorView dy;
  TensorView dx;
  GradientMode dx_mode = GradientMode::overwrite;
};

void forward(Context& context, const Forward& arguments, const Options& options = {});
void backward(Context& context, const Backward& arguments, const Options& options = {});

// Scratch that forward and backward take from the context between maps x and y of these shapes.
std::int64_t workspace_bytes(const Shape& x, const Shape& y, Device device);

// Forward's; backward moves and computes as much.
Cost cost(const Shape& x, const Shape& y, DType dtype, Method method);

// The bodies that forward and backward dispatch to after their checks.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
std::int64_t workspace_bytes(const Shape& x, const Shape& y);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
}  // namespace cuda

}  // namespace attune::resample
