#include "layers/convolution.h"

namespace attune {

ConvolutionLayer::ConvolutionLayer(ParameterStore& store, const std::string& name, const Config& config)
    : config_(config) {
  const std::int64_t fan_in = config.inputs * config.kernel * config.kernel;
  const float slope = config.options.activation == Activation::none ? 1.0f : config.options.slope;
  const Initializer start =
      config.start_at_zero ? Initializer::constant(0) : Initializer::he_normal(fan_in, slope);
  weights_ = &store.add(name + ".weights", {config.outputs, config.kernel, config.kernel, config.inputs},
                        start, true);
  bias_ = &store.add(name + ".bias", {config.outputs}, Initializer::constant(0), false);
}

std::vector<TensorSpec> ConvolutionLayer::infer(const std::vector<TensorSpec>& inputs) const {
  return {
      {convolution::output_shape(inputs[0].shape, weights_->shape, config_.options), inputs[0].dtype, true}};
}

// The activation's derivative follows from the output's sign; without one the output may go.
BackwardNeeds ConvolutionLayer::backward_needs() const {
  return {{true}, {config_.options.activation != Activation::none}};
}

std::int64_t ConvolutionLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                               Mode mode) const {
  const auto bytes =
      mode == Mode::training ? convolution::workspace_bytes : convolution::forward_workspace_bytes;
  return bytes(inputs[0].shape, weights_->shape, inputs[0].dtype, config_.options, context.device(),
               context.threads());
}

std::int64_t ConvolutionLayer::packed_bytes(const std::vector<TensorSpec>& inputs, Context& context) const {
  return convolution::packed_bytes(context, inputs[0].shape, weights_->shape, inputs[0].dtype,
                                   config_.options);
}

void ConvolutionLayer::pack(Context& context, const std::vector<TensorSpec>& inputs, void* packed) const {
  convolution::pack_weights(context, inputs[0].shape, weights_->value, inputs[0].dtype, config_.options,
                            packed);
}

Cost ConvolutionLayer::forward_cost(const LayerForward& a) const {
  return convolution::forward_cost(a.inputs[0].shape, weights_->shape, a.inputs[0].dtype, config_.options);
}

Cost ConvolutionLayer::backward_cost(const LayerBackward& a) const {
  return convolution::backward_cost(a.inputs[0].shape, weights_->shape, a.inputs[0].dtype, config_.options,
                                    a.input_modes[0], a.parameters_mode);
}

void ConvolutionLayer::forward(Context& context, const LayerForward& a) const {
  convolution::Forward arguments;
  arguments.x = a.inputs[0];
  arguments.weights = weights_->value;
  arguments.rounded_weights = weights_->rounded;
  arguments.packed_weights = a.packed;
  arguments.bias = bias_->value;
  arguments.y = a.outputs[0];
  arguments.pause = a.pause;
  convolution::forward(context, arguments, config_.options);
}

void ConvolutionLayer::backward(Context& context, const LayerBackward& a) const {
  convolution::Backward arguments;
  arguments.x = a.inputs[0];
  arguments.weights = weights_->value;
  arguments.rounded_weights = weights_->rounded;
  arguments.y = a.outputs[0];
  arguments.dy = a.output_gradients[0];
  arguments.dx = a.input_gradients[0];
  arguments.dx_mode = a.input_modes[0];
  arguments.dweights = weights_->gradient;
  arguments.dbias = bias_->gradient;
  arguments.dweights_mode = a.parameters_mode;
  convolution::backward(context, arguments, config_.options);
}

}  // namespace attune
