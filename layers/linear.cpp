#include "layers/linear.h"

namespace attune {

namespace {

// [N, K, C] as N K rows of C.
Shape as_rows(const Shape& shape) { return {shape[0] * shape[1], shape[2]}; }
template <class View>
View as_rows(const View& view) {
  return view.empty() ? view : view.reshaped(as_rows(view.shape));
}

}  // namespace

LinearLayer::LinearLayer(ParameterStore& store, const std::string& name, std::int64_t inputs,
                         std::int64_t outputs, Activation activation, bool start_at_zero)
    : inputs_(inputs), outputs_(outputs) {
  options_.activation = activation;
  const float slope = activation == Activation::none ? 1.0f : 0.0f;
  weights_ =
      &store.add(name + ".weights", {outputs, inputs},
                 start_at_zero ? Initializer::constant(0) : Initializer::he_normal(inputs, slope), true);
  bias_ = &store.add(name + ".bias", {outputs}, Initializer::constant(0), false);
}

std::vector<TensorSpec> LinearLayer::infer(const std::vector<TensorSpec>& inputs) const {
  const Shape& x = inputs[0].shape;
  require(x.rank() == 3 && x[2] == inputs_, ErrorKind::argument, "linear: x is ", x, ", expected [N x K x ",
          inputs_, "]");
  return {{{x[0], x[1], outputs_}, inputs[0].dtype, true}};
}

BackwardNeeds LinearLayer::backward_needs() const {
  return {{true}, {options_.activation != Activation::none}};
}

std::int64_t LinearLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                          Mode) const {
  return matmul::workspace_bytes(as_rows(inputs[0].shape), weights_->shape, inputs[0].dtype, options_,
                                 context.device());
}

Cost LinearLayer::forward_cost(const LayerForward& a) const {
  return matmul::forward_cost(as_rows(a.inputs[0].shape), weights_->shape, a.inputs[0].dtype);
}

Cost LinearLayer::backward_cost(const LayerBackward& a) const {
  return matmul::backward_cost(as_rows(a.inputs[0].shape), weights_->shape, a.inputs[0].dtype, options_,
                               a.input_modes[0], a.parameters_mode);
}

void LinearLayer::forward(Context& context, const LayerForward& a) const {
  matmul::forward(
      context,
      {as_rows(a.inputs[0]), weights_->value, bias_->value, as_rows(a.outputs[0]), weights_->rounded},
      options_);
}

void LinearLayer::backward(Context& context, const LayerBackward& a) const {
  matmul::Backward arguments;
  arguments.x = as_rows(a.inputs[0]);
  arguments.weights = weights_->value;
  arguments.rounded_weights = weights_->rounded;
  arguments.y = as_rows(a.outputs[0]);
  arguments.dy = as_rows(a.output_gradients[0]);
  arguments.dx = as_rows(a.input_gradients[0]);
  arguments.dx_mode = a.input_modes[0];
  arguments.dweights = weights_->gradient;
  arguments.dbias = bias_->gradient;
  arguments.dweights_mode = a.parameters_mode;
  matmul::backward(context, arguments, options_);
}

}  // namespace attune
