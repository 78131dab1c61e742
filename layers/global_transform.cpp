#include "layers/global_transform.h"

namespace attune {

namespace {

using style_difference::Map;
using style_difference::max_maps;

std::array<Map, max_maps> maps_of(const std::vector<ConstTensorView>& inputs) {
  std::array<Map, max_maps> maps;
  for (std::size_t map = 0; 3 * map < inputs.size(); ++map)
    maps[map] = {inputs[3 * map], inputs[3 * map + 1], inputs[3 * map + 2]};
  return maps;
}

}  // namespace

StyleDifferenceLayer::StyleDifferenceLayer(std::size_t maps) : maps_(maps) {
  require(maps <= max_maps, ErrorKind::configuration, "style_difference: ", maps, " maps, expected at most ",
          max_maps);
}

std::vector<TensorSpec> StyleDifferenceLayer::infer(const std::vector<TensorSpec>& inputs) const {
  require(inputs.size() == 3 * maps_, ErrorKind::argument, "style_difference: ", inputs.size(),
          " inputs, expected ", 3 * maps_);
  std::int64_t width = 0;
  for (std::size_t map = 0; map < maps_; ++map) {
    const Shape& style = inputs[3 * map].shape;
    require(style.rank() == 3, ErrorKind::argument, "style_difference: mean is ", style,
            ", expected [2 x N x C]");
    width += 4 * style[2];
  }
  return {{{inputs[0].shape[1], 1, width}, inputs[0].dtype, true}};
}

Cost StyleDifferenceLayer::forward_cost(const LayerForward& a) const {
  return style_difference::forward_cost(a.outputs[0].shape);
}

Cost StyleDifferenceLayer::backward_cost(const LayerBackward& a) const {
  return style_difference::backward_cost(a.output_gradients[0].shape) + accumulation_cost(a);
}

void StyleDifferenceLayer::forward(Context& context, const LayerForward& a) const {
  style_difference::forward(context, {maps_of(a.inputs), static_cast<int>(maps_), a.outputs[0]});
}

void StyleDifferenceLayer::backward(Context& context, const LayerBackward& a) const {
  style_difference::Backward arguments;
  arguments.maps = maps_of(a.inputs);
  arguments.count = static_cast<int>(maps_);
  arguments.dy = a.output_gradients[0];
  // Mean and sd have the same consumers, and so the same mode.
  for (std::size_t map = 0; map < maps_; ++map)
    arguments.gradients[map] = {a.input_gradients[3 * map], a.input_gradients[3 * map + 1],
                                a.input_modes[3 * map]};
  style_difference::backward(context, arguments);
}

std::vector<TensorSpec> ImageBiasLayer::infer(const std::vector<TensorSpec>& inputs) const {
  return {{inputs[0].shape, inputs[0].dtype, true}};
}

std::int64_t ImageBiasLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                             Mode) const {
  return image_bias::workspace_bytes(inputs[0].shape, context.device());
}

Cost ImageBiasLayer::forward_cost(const LayerForward& a) const {
  return image_bias::forward_cost(a.inputs[0].shape, a.inputs[0].dtype);
}

Cost ImageBiasLayer::backward_cost(const LayerBackward& a) const {
  return image_bias::backward_cost(a.output_gradients[0].shape, a.output_gradients[0].dtype) +
         accumulation_cost(a);
}

void ImageBiasLayer::forward(Context& context, const LayerForward& a) const {
  image_bias::forward(context, {a.inputs[0], a.inputs[1], a.outputs[0]});
}

void ImageBiasLayer::backward(Context& context, const LayerBackward& a) const {
  image_bias::Backward arguments;
  arguments.dy = a.output_gradients[0];
  arguments.dx = a.input_gradients[0];
  arguments.dx_mode = a.input_modes[0];
  arguments.dbias = a.input_gradients[1];
  arguments.dbias_mode = a.input_modes[1];
  image_bias::backward(context, arguments);
}

}  // namespace attune
