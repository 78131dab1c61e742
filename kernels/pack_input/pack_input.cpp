#include "kernels/pack_input/pack_input.h"

#include "core/checks.h"

namespace attune::pack_input {

namespace {

constexpr const char* op = "pack_input";

// `padded` must cover `size`, and there must be something to repeat.
void check_padding(std::int64_t size, std::int64_t padded, std::int64_t elements, const char* axis) {
  require(padded >= size && (size > 0 || elements == 0), ErrorKind::argument, op, ": ", axis, " ", size,
          " cannot be padded to ", padded);
}

// Checks x or dx, [N, Hp, Wp, 4], against a picture of `shape`.
void check_packed(const Context& context, const char* name, ConstTensorView x, const Shape& picture) {
  check_activation(op, name, context, x);
  require(x.shape[0] == picture[0] && x.shape[3] == 4, ErrorKind::argument, op, ": ", name, " is ", x.shape,
          ", expected [", picture[0], " x Hp x Wp x 4]");
  check_padding(picture[1], x.shape[1], x.elements(), "height");
  check_padding(picture[2], x.shape[2], x.elements(), "width");
}

void check_picture(const Context& context, const char* name, ConstTensorView picture, DType dtype) {
  require(picture.shape.rank() == 4 && picture.shape[3] == 3, ErrorKind::argument, op, ": ", name, " is ",
          picture.shape, ", expected [N x H x W x 3]");
  check_tensor(op, name, context, picture, picture.shape, dtype);
}

}  // namespace

void forward(Context& context, const Forward& a) {
  const DType dtype = statistics_dtype(a.x.dtype);
  check_picture(context, "picture", a.picture, dtype);
  const Shape& shape = a.picture.shape;
  if (!a.mask.empty()) check_tensor(op, "mask", context, a.mask, {shape[0], shape[1], shape[2]}, dtype);
  check_packed(context, "x", a.x, shape);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  fail(ErrorKind::unsupported, op, " has no CUDA kernel yet");
}

void backward(Context& context, const Backward& a) {
  if (a.dpicture_mode == GradientMode::ignore) return;
  check_picture(context, "dpicture", a.dpicture, statistics_dtype(a.dx.dtype));
  check_packed(context, "dx", a.dx, a.dpicture.shape);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  fail(ErrorKind::unsupported, op, " has no CUDA kernel yet");
}

void pad_mask(Context& context, const PadMask& a) {
  require(a.mask.dtype == DType::f32 || a.mask.dtype == DType::f64, ErrorKind::argument, op, ": mask is ",
          name_of(a.mask.dtype), ", expected f32");
  require(a.mask.shape.rank() == 3 && a.padded.shape.rank() == 3 && a.mask.shape[0] == a.padded.shape[0],
          ErrorKind::argument, op, ": mask is ", a.mask.shape, ", padded is ", a.padded.shape,
          ", expected [N x H x W] and [N x Hp x Wp]");
  check_tensor(op, "mask", context, a.mask, a.mask.shape, a.mask.dtype);
  check_tensor(op, "padded", context, a.padded, a.padded.shape, a.mask.dtype);
  check_padding(a.mask.shape[1], a.padded.shape[1], a.padded.elements(), "height");
  check_padding(a.mask.shape[2], a.padded.shape[2], a.padded.elements(), "width");
  if (context.device().kind == DeviceKind::cpu) return cpu::pad_mask(context, a);
  fail(ErrorKind::unsupported, op, " has no CUDA kernel yet");
}

Cost forward_cost(const Shape& picture, const Shape& x, DType dtype) {
  const std::int64_t pixels = picture[0] * picture[1] * picture[2];
  return {4 * 4 * pixels + x.elements() * size_of(dtype), 3 * x[0] * x[1] * x[2]};
}

Cost backward_cost(const Shape& picture, const Shape& x, DType dtype) {
  return {4 * picture.elements() + x.elements() * size_of(dtype), 3 * x[0] * x[1] * x[2]};
}

}  // namespace attune::pack_input
