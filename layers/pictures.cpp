#include "layers/pictures.h"

#include <algorithm>

namespace attune {

namespace {

std::int64_t padded(std::int64_t size, std::int64_t stride) { return (size + stride - 1) / stride * stride; }

Shape one_channel(const Shape& mask) { return {mask[0], mask[1], mask[2], 1}; }

}  // namespace

std::vector<TensorSpec> PackInputLayer::infer(const std::vector<TensorSpec>& inputs) const {
  const Shape& picture = inputs[0].shape;
  require(picture.rank() == 4 && picture[3] == 3, ErrorKind::argument, "pack_input: picture is ", picture,
          ", expected [N x H x W x 3]");
  return {{{picture[0], padded(picture[1], stride_), padded(picture[2], stride_), 4}, activations_, true}};
}

Cost PackInputLayer::forward_cost(const LayerForward& a) const {
  return pack_input::forward_cost(a.inputs[0].shape, a.outputs[0].shape, activations_);
}

Cost PackInputLayer::backward_cost(const LayerBackward& a) const {
  return pack_input::backward_cost(a.inputs[0].shape, a.outputs[0].shape, activations_) +
         accumulation_cost(a);
}

void PackInputLayer::forward(Context& context, const LayerForward& a) const {
  pack_input::Forward arguments;
  arguments.picture = a.inputs[0];
  if (with_mask_) arguments.mask = a.inputs[1];
  arguments.x = a.outputs[0];
  pack_input::forward(context, arguments);
}

void PackInputLayer::backward(Context& context, const LayerBackward& a) const {
  pack_input::Backward arguments;
  arguments.dx = a.output_gradients[0];
  arguments.dpicture = a.input_gradients[0];
  arguments.dpicture_mode = a.input_modes[0];
  pack_input::backward(context, arguments);
}

std::vector<TensorSpec> MaskPyramidLayer::infer(const std::vector<TensorSpec>& inputs) const {
  const Shape& mask = inputs[0].shape;
  require(mask.rank() == 3, ErrorKind::argument, "mask_pyramid: mask is ", mask, ", expected [N x H x W]");
  const std::int64_t height = padded(mask[1], stride_), width = padded(mask[2], stride_);
  std::vector<TensorSpec> levels;
  for (int level = 0; level < levels_; ++level)
    levels.push_back({{mask[0], height >> level, width >> level}, inputs[0].dtype, false});
  return levels;
}

std::int64_t MaskPyramidLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                               Mode) const {
  std::int64_t bytes = 0;
  const std::vector<TensorSpec> levels = infer(inputs);
  for (const TensorSpec& level : levels)
    bytes = std::max(bytes, resample::workspace_bytes(one_channel(levels[0].shape), one_channel(level.shape),
                                                      context.device()));
  return bytes;
}

Cost MaskPyramidLayer::forward_cost(const LayerForward& a) const {
  const DType dtype = a.inputs[0].dtype;
  Cost cost{regions_ == Regions::one ? 0 : a.inputs[0].bytes(), 0};
  for (std::size_t level = 0; level < a.outputs.size(); ++level) {
    cost.bytes += a.outputs[level].bytes();
    if (level > 0 && regions_ == Regions::two)
      cost.flops += resample::cost(one_channel(a.outputs[0].shape), one_channel(a.outputs[level].shape),
                                   dtype, resample::Method::area)
                        .flops;
  }
  return cost;
}

void MaskPyramidLayer::forward(Context& context, const LayerForward& a) const {
  if (regions_ == Regions::one) {
    for (const TensorView& level : a.outputs) set_zero(context, level);
    return;
  }
  pack_input::pad_mask(context, {a.inputs[0], a.outputs[0]});
  resample::Options options;
  options.method = resample::Method::area;
  options.snap = true;
  for (std::size_t level = 1; level < a.outputs.size(); ++level)
    resample::forward(context,
                      {a.outputs[0].reshaped(one_channel(a.outputs[0].shape)),
                       a.outputs[level].reshaped(one_channel(a.outputs[level].shape))},
                      options);
}

}  // namespace attune
