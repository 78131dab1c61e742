#include "layers/upsample_concat.h"

namespace attune {

std::vector<TensorSpec> UpsampleConcatLayer::infer(const std::vector<TensorSpec>& inputs) const {
  const Shape &x = inputs[0].shape, &skip = inputs[1].shape;
  return {{{skip[0], skip[1], skip[2], x[3] + skip[3]}, inputs[0].dtype, true}};
}

std::int64_t UpsampleConcatLayer::workspace_bytes(const std::vector<TensorSpec>& inputs,
                                                  const Context& context, Mode) const {
  return upsample_concat::workspace_bytes(inputs[0].shape, context.device());
}

Cost UpsampleConcatLayer::forward_cost(const LayerForward& a) const {
  return upsample_concat::cost(a.inputs[0].shape, a.inputs[1].shape, a.inputs[0].dtype);
}

Cost UpsampleConcatLayer::backward_cost(const LayerBackward& a) const {
  return upsample_concat::cost(a.inputs[0].shape, a.inputs[1].shape, a.inputs[0].dtype) +
         accumulation_cost(a);
}

void UpsampleConcatLayer::forward(Context& context, const LayerForward& a) const {
  upsample_concat::forward(context, {a.inputs[0], a.inputs[1], a.outputs[0]});
}

void UpsampleConcatLayer::backward(Context& context, const LayerBackward& a) const {
  upsample_concat::backward(context, {a.output_gradients[0], a.input_gradients[0], a.input_modes[0],
                                      a.input_gradients[1], a.input_modes[1]});
}

}  // namespace attune
