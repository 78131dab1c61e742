#include "losses/reconstruction_loss.h"

namespace attune {

std::vector<TensorSpec> ReconstructionLossLayer::infer(const std::vector<TensorSpec>& inputs) const {
  const DType dtype = inputs[0].dtype;
  const Shape per_image{inputs[0].shape[0]};
  return {{{1}, dtype, true}, {per_image, dtype, false}, {per_image, dtype, false}};
}

std::int64_t ReconstructionLossLayer::workspace_bytes(const std::vector<TensorSpec>& inputs,
                                                      const Context& context, Mode) const {
  return reconstruction::workspace_bytes(inputs[0].shape, context.device());
}

Cost ReconstructionLossLayer::forward_cost(const LayerForward& a) const {
  return reconstruction::forward_cost(a.inputs[0].shape, a.inputs[0].dtype);
}

Cost ReconstructionLossLayer::backward_cost(const LayerBackward& a) const {
  return reconstruction::backward_cost(a.inputs[0].shape, a.inputs[0].dtype) + accumulation_cost(a);
}

void ReconstructionLossLayer::forward(Context& context, const LayerForward& a) const {
  reconstruction::forward(
      context, {a.inputs[0], a.inputs[1], a.inputs[2], a.outputs[0], a.outputs[1], a.outputs[2]}, options_);
}

void ReconstructionLossLayer::backward(Context& context, const LayerBackward& a) const {
  require(a.input_modes[1] == GradientMode::ignore && a.input_modes[2] == GradientMode::ignore,
          ErrorKind::argument, kind(), ": target and mask are data, they have no gradient");
  reconstruction::backward(context,
                           {a.inputs[0], a.inputs[1], a.outputs[1], a.outputs[2], a.output_gradients[0],
                            a.input_gradients[0], a.input_modes[0]},
                           options_);
}

}  // namespace attune
