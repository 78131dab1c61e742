#include "kernels/reconstruction/reconstruction.h"

#include "core/checks.h"

namespace attune::reconstruction {

namespace {

constexpr const char* op = "reconstruction";

// Checks what forward and backward share and returns the dtype of all tensors.
DType check_pictures(const Context& context, ConstTensorView prediction, ConstTensorView target,
                     const Options& options) {
  check_activation(op, "prediction", context, prediction);
  require(prediction.dtype != DType::bf16, ErrorKind::argument, op, ": prediction is bf16, expected f32");
  require(prediction.shape[3] == 3, ErrorKind::argument, op, ": prediction is ", prediction.shape,
          ", expected 3 channels");
  check_tensor(op, "target", context, target, prediction.shape, prediction.dtype);
  require(options.minimum_area_fraction > 0 && options.minimum_area_fraction <= 1, ErrorKind::argument, op,
          ": minimum_area_fraction is ", options.minimum_area_fraction, ", expected 0 < fraction <= 1");
  return prediction.dtype;
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  const DType dtype = check_pictures(context, a.prediction, a.target, options);
  const Shape& shape = a.prediction.shape;
  check_tensor(op, "mask", context, a.mask, {shape[0], shape[1], shape[2]}, dtype);
  check_tensor(op, "loss", context, a.loss, {1}, dtype);
  check_tensor(op, "per_image", context, a.per_image, {shape[0]}, dtype);
  check_tensor(op, "area", context, a.area, {shape[0]}, dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a, options);
  if constexpr (built_with_cuda) cuda::forward(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  const DType dtype = check_pictures(context, a.prediction, a.target, options);
  check_tensor(op, "per_image", context, a.per_image, {a.prediction.shape[0]}, dtype);
  check_tensor(op, "area", context, a.area, {a.prediction.shape[0]}, dtype);
  check_tensor(op, "dloss", context, a.dloss, {1}, dtype);
  if (a.dprediction_mode == GradientMode::ignore) return;
  check_tensor(op, "dprediction", context, a.dprediction, a.prediction.shape, dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a, options);
  if constexpr (built_with_cuda) cuda::backward(context, a, options);
}

std::int64_t workspace_bytes(const Shape& prediction, Device device) {
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(prediction);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(prediction);
  return 0;
}

Cost forward_cost(const Shape& prediction, DType dtype) {
  const std::int64_t pixels = prediction[0] * prediction[1] * prediction[2];
  // Per element a difference, its penalty and a sum; per pixel the area.
  return {(7 * pixels + 2 * prediction[0] + 1) * size_of(dtype), 10 * pixels};
}

Cost backward_cost(const Shape& prediction, DType dtype) {
  // Per element a difference and a product.
  return {(3 * prediction.elements() + 2 * prediction[0] + 1) * size_of(dtype), 2 * prediction.elements()};
}

}  // namespace attune::reconstruction
