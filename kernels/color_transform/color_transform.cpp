#include "kernels/color_transform/color_transform.h"

#include <cmath>

#include "core/checks.h"

namespace attune::color_transform {

namespace {

constexpr const char* op = "color_transform";

void check_options(const Options& options) {
  for (const float scale : {options.scale_y, options.scale_x})
    require(scale > 0 && std::isfinite(scale), ErrorKind::argument, op, ": scale is ", scale,
            ", expected > 0");
}

// `transform` ends in cells of 12 that a picture of `pixels` pixels can be interpolated from.
void check_cells(const Shape& transform, std::int64_t pixels) {
  const int last = transform.rank() - 1;
  require(transform[last] == 12, ErrorKind::argument, op, ": transform is ", transform,
          ", expected 12 channels");
  const std::int64_t h = transform[last - 2], w = transform[last - 1];
  require((h > 0 && w > 0) || pixels == 0, ErrorKind::argument, op, ": transform is ", transform,
          ", expected at least one cell");
  checked_cast<std::int32_t>(w);
}

// Checks what forward and backward share and returns the image's shape.
Shape check_inputs(const Context& context, ConstTensorView transform, ConstTensorView image,
                   ConstTensorView mask, const Options& options) {
  check_activation(op, "transform", context, transform);
  const DType dtype = statistics_dtype(transform.dtype);
  require(image.shape.rank() == 4, ErrorKind::argument, op, ": image is ", image.shape, ", expected rank 4");
  const Shape shape{transform.shape[0], image.shape[1], image.shape[2], 3};
  check_cells(transform.shape, shape.elements());
  check_tensor(op, "image", context, image, shape, dtype);
  check_tensor(op, "mask", context, mask, {shape[0], shape[1], shape[2]}, dtype);
  check_options(options);
  return shape;
}

void check_rows(const Context& context, const Rows& rows) {
  check_activation(op, "transform", context, rows.transform, 3);
  check_cells(rows.transform.shape, check_picture_rows(op, rows));
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  const Shape shape = check_inputs(context, a.transform, a.image, a.mask, options);
  check_tensor(op, "y", context, a.y, shape, statistics_dtype(a.transform.dtype));
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a, options);
  if constexpr (built_with_cuda) cuda::forward(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  const Shape shape = check_inputs(context, a.transform, a.image, a.mask, options);
  const DType dtype = statistics_dtype(a.transform.dtype);
  check_tensor(op, "dy", context, a.dy, shape, dtype);
  if (a.dtransform_mode != GradientMode::ignore)
    check_tensor(op, "dtransform", context, a.dtransform, a.transform.shape, a.transform.dtype);
  if (a.dimage_mode != GradientMode::ignore) check_tensor(op, "dimage", context, a.dimage, shape, dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a, options);
  if constexpr (built_with_cuda) cuda::backward(context, a, options);
}

void apply_rows(Context& context, const Rows& rows, const Options& options) {
  check_rows(context, rows);
  check_options(options);
  if (context.device().kind == DeviceKind::cpu) return cpu::apply_rows(context, rows, options);
  if constexpr (built_with_cuda) cuda::apply_rows(context, rows, options);
}

std::int64_t workspace_bytes(const Shape& transform, const Shape& image, Device device) {
  return device.kind == DeviceKind::cpu ? cpu::workspace_bytes(transform, image) : 0;
}

Cost forward_cost(const Shape& transform, const Shape& image, DType dtype) {
  const std::int64_t pixels = image[0] * image[1] * image[2];
  // Per pixel: the vertical interpolation is shared along a row; 12 horizontal ones of 3, and 8 per channel.
  return {transform.elements() * size_of(dtype) + pixels * 7 * 4, pixels * (12 * 3 + 3 * 8)};
}

Cost backward_cost(const Shape& transform, const Shape& image, DType dtype, bool with_dimage) {
  const std::int64_t pixels = image[0] * image[1] * image[2];
  // dT, per pixel: 3 products m dy, and 12 weighted sums of 2 a direction; dimage interpolates as forward
  // does.
  const Cost dtransform{transform.elements() * size_of(dtype) + pixels * 7 * 4,
                        pixels * (3 + 3 + 12 * 2 * 2)};
  if (!with_dimage) return dtransform;
  return {dtransform.bytes + transform.elements() * size_of(dtype) + pixels * 3 * 4,
          dtransform.flops + pixels * (12 * 3 + 3 * 8)};
}

}  // namespace attune::color_transform
