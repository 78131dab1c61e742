#include "layers/heads.h"

namespace attune {

std::vector<TensorSpec> ColorTransformLayer::infer(const std::vector<TensorSpec>& inputs) const {
  return {{inputs[1].shape, inputs[1].dtype, true}};
}

std::int64_t ColorTransformLayer::workspace_bytes(const std::vector<TensorSpec>& inputs,
                                                  const Context& context, Mode) const {
  return color_transform::workspace_bytes(inputs[0].shape, inputs[1].shape, context.device());
}

Cost ColorTransformLayer::forward_cost(const LayerForward& a) const {
  return color_transform::forward_cost(a.inputs[0].shape, a.inputs[1].shape, a.inputs[0].dtype);
}

Cost ColorTransformLayer::backward_cost(const LayerBackward& a) const {
  return color_transform::backward_cost(a.inputs[0].shape, a.inputs[1].shape, a.inputs[0].dtype,
                                        a.input_modes[1] != GradientMode::ignore) +
         accumulation_cost(a);
}

void ColorTransformLayer::forward(Context& context, const LayerForward& a) const {
  color_transform::forward(context, {a.inputs[0], a.inputs[1], a.inputs[2], a.outputs[0]}, options_);
}

void ColorTransformLayer::backward(Context& context, const LayerBackward& a) const {
  color_transform::Backward arguments;
  arguments.transform = a.inputs[0];
  arguments.image = a.inputs[1];
  arguments.mask = a.inputs[2];
  arguments.dy = a.output_gradients[0];
  arguments.dtransform = a.input_gradients[0];
  arguments.dtransform_mode = a.input_modes[0];
  arguments.dimage = a.input_gradients[1];
  arguments.dimage_mode = a.input_modes[1];
  color_transform::backward(context, arguments, options_);
}

std::vector<TensorSpec> BlendOutputLayer::infer(const std::vector<TensorSpec>& inputs) const {
  return {{inputs[1].shape, inputs[1].dtype, true}};
}

Cost BlendOutputLayer::forward_cost(const LayerForward& a) const {
  return blend_output::forward_cost(a.inputs[1].shape, a.inputs[0].dtype);
}

Cost BlendOutputLayer::backward_cost(const LayerBackward& a) const {
  return blend_output::backward_cost(a.inputs[0].shape, a.inputs[1].shape, a.inputs[0].dtype,
                                     a.input_modes[1] != GradientMode::ignore) +
         accumulation_cost(a);
}

void BlendOutputLayer::forward(Context& context, const LayerForward& a) const {
  blend_output::forward(context, {a.inputs[0], a.inputs[1], a.inputs[2], a.outputs[0]});
}

void BlendOutputLayer::backward(Context& context, const LayerBackward& a) const {
  blend_output::Backward arguments;
  arguments.h = a.inputs[0];
  arguments.image = a.inputs[1];
  arguments.mask = a.inputs[2];
  arguments.dy = a.output_gradients[0];
  arguments.dh = a.input_gradients[0];
  arguments.dh_mode = a.input_modes[0];
  arguments.dimage = a.input_gradients[1];
  arguments.dimage_mode = a.input_modes[1];
  blend_output::backward(context, arguments);
}

}  // namespace attune
