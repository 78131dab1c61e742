#include "kernels/blend_output/blend_output.h"

#include "core/checks.h"

namespace attune::blend_output {

namespace {

constexpr const char* op = "blend_output";

// Checks what forward and backward share.
void check_inputs(const Context& context, ConstTensorView h, ConstTensorView image, ConstTensorView mask) {
  check_activation(op, "h", context, h);
  const DType dtype = statistics_dtype(h.dtype);
  require(image.shape.rank() == 4 && image.shape[3] == 3, ErrorKind::argument, op, ": image is ", image.shape,
          ", expected [N x H x W x 3]");
  const Shape& shape = image.shape;
  require(h.shape[0] == shape[0] && h.shape[1] >= shape[1] && h.shape[2] >= shape[2] && h.shape[3] == 4,
          ErrorKind::argument, op, ": h is ", h.shape, ", expected 4 channels that cover ", shape);
  check_tensor(op, "image", context, image, shape, dtype);
  check_tensor(op, "mask", context, mask, {shape[0], shape[1], shape[2]}, dtype);
}

}  // namespace

void forward(Context& context, const Forward& a) {
  check_inputs(context, a.h, a.image, a.mask);
  check_tensor(op, "y", context, a.y, a.image.shape, a.image.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  fail(ErrorKind::unsupported, op, " has no CUDA kernel yet");
}

void backward(Context& context, const Backward& a) {
  check_inputs(context, a.h, a.image, a.mask);
  check_tensor(op, "dy", context, a.dy, a.image.shape, a.image.dtype);
  if (a.dh_mode != GradientMode::ignore) check_tensor(op, "dh", context, a.dh, a.h.shape, a.h.dtype);
  if (a.dimage_mode != GradientMode::ignore)
    check_tensor(op, "dimage", context, a.dimage, a.image.shape, a.image.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  fail(ErrorKind::unsupported, op, " has no CUDA kernel yet");
}

Cost forward_cost(const Shape&, const Shape& image, DType dtype) {
  const std::int64_t pixels = image[0] * image[1] * image[2];
  return {4 * pixels * size_of(dtype) + 4 * (pixels + 2 * image.elements()), 16 * pixels};
}

Cost backward_cost(const Shape& h, const Shape& image, DType dtype, bool with_dimage) {
  const std::int64_t pixels = image[0] * image[1] * image[2];
  const std::int64_t outputs = h.elements() * size_of(dtype) + (with_dimage ? 4 * image.elements() : 0);
  return {4 * pixels * size_of(dtype) + 4 * (pixels + 2 * image.elements()) + outputs, 24 * pixels};
}

}  // namespace attune::blend_output
