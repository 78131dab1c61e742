#include "kernels/blend_output/blend_output.h"

#include "core/checks.h"

namespace attune::blend_output {

namespace {

constexpr const char* op = "blend_output";

// Checks what forward and backward share and returns the image's shape.
Shape check_inputs(const Context& context, ConstTensorView h, ConstTensorView image, ConstTensorView mask) {
  check_activation(op, "h", context, h);
  require(h.shape[3] == 4, ErrorKind::argument, op, ": h is ", h.shape, ", expected 4 channels");
  require(image.shape.rank() == 4, ErrorKind::argument, op, ": image is ", image.shape, ", expected rank 4");
  const Shape shape{h.shape[0], image.shape[1], image.shape[2], 3};
  require(h.shape[1] >= shape[1] && h.shape[2] >= shape[2], ErrorKind::argument, op, ": h is ", h.shape,
          ", smaller than image, ", image.shape);
  const DType dtype = statistics_dtype(h.dtype);
  check_tensor(op, "image", context, image, shape, dtype);
  check_tensor(op, "mask", context, mask, {shape[0], shape[1], shape[2]}, dtype);
  return shape;
}

}  // namespace

void forward(Context& context, const Forward& a) {
  const Shape shape = check_inputs(context, a.h, a.image, a.mask);
  check_tensor(op, "y", context, a.y, shape, a.image.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a);
  if constexpr (built_with_cuda) cuda::forward(context, a);
}

void backward(Context& context, const Backward& a) {
  const Shape shape = check_inputs(context, a.h, a.image, a.mask);
  check_tensor(op, "dy", context, a.dy, shape, a.image.dtype);
  if (a.dh_mode != GradientMode::ignore) check_tensor(op, "dh", context, a.dh, a.h.shape, a.h.dtype);
  if (a.dimage_mode != GradientMode::ignore)
    check_tensor(op, "dimage", context, a.dimage, shape, a.image.dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a);
  if constexpr (built_with_cuda) cuda::backward(context, a);
}

Cost forward_cost(const Shape& image, DType dtype) {
  const std::int64_t pixels = image[0] * image[1] * image[2];
  // Per pixel: a sigmoid (about 20), m a, and 4 per channel. Padding cells are not read.
  return {pixels * (4 * size_of(dtype) + 7 * 4), pixels * (20 + 1 + 3 * 4)};
}

Cost backward_cost(const Shape& h, const Shape& image, DType dtype, bool with_dimage) {
  const std::int64_t pixels = image[0] * image[1] * image[2];
  const std::int64_t dimage = with_dimage ? 3 * pixels : 0;
  // Per pixel: a sigmoid, m a and (1 - a), and 5 per channel.
  return {pixels * (4 * size_of(dtype) + 7 * 4) + h.elements() * size_of(dtype) + 4 * dimage,
          pixels * (20 + 4 + 3 * 5) + 2 * dimage};
}

}  // namespace attune::blend_output
