#include "kernels/patch_infonce/patch_infonce.h"

#include <algorithm>

#include "core/checks.h"

namespace attune::patch_infonce {

namespace {

constexpr const char* op = "patch_infonce";

void check_count(const Context& context, const char* name, ConstTensorView count, std::int64_t images) {
  if (!count.empty()) check_tensor(op, name, context, count, {images}, DType::i32);
}

// Anchors and positives, which all three functions have. Returns N, K, P and D.
Extents check_rows(const Context& context, ConstTensorView anchors, ConstTensorView positives,
                   ConstTensorView anchor_count, ConstTensorView positive_count) {
  check_activation(op, "anchors", context, anchors, 3);
  check_activation(op, "positives", context, positives, 3);
  const Extents e{anchors.shape[0], anchors.shape[1], positives.shape[1], 0, anchors.shape[2]};
  check_tensor(op, "positives", context, positives, {e.images, e.positives, e.depth}, anchors.dtype);
  check_count(context, "anchor_count", anchor_count, e.images);
  check_count(context, "positive_count", positive_count, e.images);
  return e;
}

Extents check_inputs(const Context& context, const Inputs& a, const Options& options) {
  Extents e = check_rows(context, a.anchors, a.positives, a.anchor_count, a.positive_count);
  if (a.negatives.shape.rank() > 0) {
    check_activation(op, "negatives", context, a.negatives, 3);
    e.negatives = a.negatives.shape[1];
    check_tensor(op, "negatives", context, a.negatives, {e.images, e.negatives, e.depth}, a.anchors.dtype);
  }
  check_count(context, "negative_count", a.negative_count, e.images);
  require(options.temperature > 0, ErrorKind::argument, op, ": temperature is ", options.temperature,
          ", expected > 0");
  if (options.pairing == Pairing::indexed)
    check_tensor(op, "positive_index", context, a.positive_index, {e.images, e.anchors}, DType::i32);
  else
    require(!options.other_positives_in_denominator, ErrorKind::argument, op,
            ": other positives in the denominator need indexed pairing");
  return e;
}

void check_gradient(const Context& context, const char* name, TensorView gradient, GradientMode mode,
                    ConstTensorView like) {
  if (mode != GradientMode::ignore && like.shape.rank() > 0)
    check_tensor(op, name, context, gradient, like.shape, like.dtype);
}

std::int64_t rows_of(const Extents& e) { return e.images * (e.anchors + e.positives + e.negatives); }

// The products of anchors with columns that no formula avoids.
std::int64_t logits_of(const Extents& e, const Options& options) {
  const bool all_positives = options.pairing == Pairing::set || options.other_positives_in_denominator;
  const std::int64_t positives = all_positives ? e.positives : std::min<std::int64_t>(e.positives, 1);
  return e.images * e.anchors * (positives + e.negatives);
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  const Extents e = check_inputs(context, a.inputs, options);
  const DType dtype = statistics_dtype(a.inputs.anchors.dtype);
  check_tensor(op, "loss", context, a.loss, {1}, dtype);
  check_tensor(op, "log_sum", context, a.log_sum, {e.images, e.anchors}, dtype);
  check_tensor(op, "miss", context, a.miss, {e.images, e.anchors}, dtype);
  if (context.device().kind == DeviceKind::cpu) return cpu::forward(context, a, options);
  if constexpr (built_with_cuda) cuda::forward(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  const Extents e = check_inputs(context, a.inputs, options);
  const DType dtype = statistics_dtype(a.inputs.anchors.dtype);
  check_tensor(op, "log_sum", context, a.log_sum, {e.images, e.anchors}, dtype);
  check_tensor(op, "miss", context, a.miss, {e.images, e.anchors}, dtype);
  check_tensor(op, "dloss", context, a.dloss, {1}, dtype);
  check_gradient(context, "danchors", a.danchors, a.danchors_mode, a.inputs.anchors);
  check_gradient(context, "dpositives", a.dpositives, a.dpositives_mode, a.inputs.positives);
  check_gradient(context, "dnegatives", a.dnegatives, a.dnegatives_mode, a.inputs.negatives);
  if (context.device().kind == DeviceKind::cpu) return cpu::backward(context, a, options);
  if constexpr (built_with_cuda) cuda::backward(context, a, options);
}

void nearest(Context& context, const Nearest& a) {
  const Extents e = check_rows(context, a.anchors, a.positives, a.anchor_count, a.positive_count);
  check_tensor(op, "positive_index", context, a.positive_index, {e.images, e.anchors}, DType::i32);
  if (context.device().kind == DeviceKind::cpu) return cpu::nearest(context, a);
  if constexpr (built_with_cuda) cuda::nearest(context, a);
}

void same_index(Context& context, TensorView positive_index) {
  require(positive_index.shape.rank() == 2, ErrorKind::argument, op, ": positive_index is ",
          positive_index.shape, ", expected rank 2");
  check_tensor(op, "positive_index", context, positive_index, positive_index.shape, DType::i32);
  if (context.device().kind == DeviceKind::cpu) return cpu::same_index(context, positive_index);
  if constexpr (built_with_cuda) cuda::same_index(context, positive_index);
}

std::int64_t workspace_bytes(const Extents& extents, Device device) {
  if (device.kind == DeviceKind::cpu) return cpu::workspace_bytes(extents);
  if constexpr (built_with_cuda) return cuda::workspace_bytes(extents);
  return 0;
}

Cost forward_cost(const Extents& e, DType dtype, const Options& options) {
  const std::int64_t saved = 2 * e.images * e.anchors + 1;
  return {rows_of(e) * e.depth * size_of(dtype) + saved * size_of(DType::f32),
          2 * logits_of(e, options) * e.depth};
}

Cost backward_cost(const Extents& e, DType dtype, const Options& options) {
  const std::int64_t saved = 2 * e.images * e.anchors + 1;
  // The logits again, and a product for the gradient of either side.
  return {2 * rows_of(e) * e.depth * size_of(dtype) + saved * size_of(DType::f32),
          6 * logits_of(e, options) * e.depth};
}

}  // namespace attune::patch_infonce
