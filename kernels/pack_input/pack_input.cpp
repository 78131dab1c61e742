#include "kernels/pack_input/pack_input.h"

#include "core/checks.h"

namespace attune::pack_input {

namespace {

constexpr const char* op = "pack_input";

// `padded` is [N, Hp, Wp, ..] over [N, H, W, ..]: no smaller, and not of nothing.
void check_padding(const Shape& inner, const Shape& padded) {
  require(padded[0] == inner[0] && padded[1] >= inner[1] && padded[2] >= inner[2], ErrorKind::argument, op,
          ": ", inner, " does not fit into ", padded);
  const bool empty = inner[1] == 0 || inner[2] == 0;
  require(!empty || padded.elements() == 0, ErrorKind::argument, op, ": ", inner, " has no edge to fill ",
          padded, " with");
}

// Checks the picture (or its gradient) against the packed map.
void check_maps(const Context& context, const char* name, ConstTensorView picture, const char* packed_name,
                ConstTensorView packed) {
  check_activation(op, packed_name, context, packed);
  require(packed.shape[3] == 4, ErrorKind::argument, op, ": ", packed_name, " is ", packed.shape,
          ", expected 4 channels");
  require(picture.shape.rank() == 4 && picture.shape[3] == 3, ErrorKind::argument, op, ": ", name, " is ",
          picture.shape, ", expected [N, H, W, 3]");
  check_tensor(op, name, context, picture, picture.shape, statistics_dtype(packed.dtype));
  check_padding(picture.shape, packed.shape);
}

}  // namespace

void forward(Context& context, const Forward& a) {
  check_maps(context, "picture", a.picture, "x", a.x);
  const Shape& picture = a.picture.shape;
  if (!a.mask.empty())
    check_tensor(op, "mask", context, a.mask, {picture[0], picture[1], picture[2]}, a.picture.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  if constexpr (built_with_cuda) cuda::forward(context, a);
}

void backward(Context& context, const Backward& a) {
  check_activation(op, "dx", context, a.dx);
  if (a.dpicture_mode == GradientMode::ignore) return;
  check_maps(context, "dpicture", a.dpicture, "dx", a.dx);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  if constexpr (built_with_cuda) cuda::backward(context, a);
}

void pad_mask(Context& context, const PadMask& a) {
  require(a.mask.dtype == DType::f32 || a.mask.dtype == DType::f64, ErrorKind::argument, op, ": mask is ",
          name_of(a.mask.dtype), ", expected f32");
  check_activation(op, "mask", context, a.mask, 3);
  check_activation(op, "padded", context, a.padded, 3);
  check_tensor(op, "padded", context, a.padded, a.padded.shape, a.mask.dtype);
  check_padding(a.mask.shape, a.padded.shape);
  if (context.device().kind == DeviceKind::cpu) return cpu::pad_mask(context, a);
  if constexpr (built_with_cuda) cuda::pad_mask(context, a);
}

Cost forward_cost(const Shape& picture, const Shape& x, DType dtype) {
  const std::int64_t pixels = picture[0] * picture[1] * picture[2];
  return {4 * pixels * 4 + x.elements() * size_of(dtype), 3 * pixels};
}

Cost backward_cost(const Shape& picture, const Shape& x, DType dtype) {
  return {picture.elements() * 4 + x.elements() * size_of(dtype), 0};
}

}  // namespace attune::pack_input
