#include "layers/style.h"

namespace attune {

namespace {

constexpr std::int64_t foreground = 0, background = 1;  // the regions' indices in mean and sd
constexpr float gate_start = 2.0f;                      // sigmoid(2) = 0.88: mostly external at first

TensorView value_of(const Parameter* parameter) { return parameter ? parameter->value : TensorView(); }
TensorView gradient_of(const Parameter* parameter) { return parameter ? parameter->gradient : TensorView(); }

std::vector<TensorSpec> style_specs(const TensorSpec& x, bool differentiable) {
  const DType dtype = statistics_dtype(x.dtype);
  const Shape style{2, x.shape[0], x.shape[3]};
  return {{style, dtype, differentiable}, {style, dtype, differentiable}, {{2, x.shape[0]}, dtype, false}};
}

}  // namespace

std::vector<TensorSpec> MaskedStyleLayer::infer(const std::vector<TensorSpec>& inputs) const {
  return style_specs(inputs[0], true);
}

std::int64_t MaskedStyleLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                               Mode) const {
  return masked_style::workspace_bytes(inputs[0].shape, context.device());
}

Cost MaskedStyleLayer::forward_cost(const LayerForward& a) const {
  return masked_style::forward_cost(a.inputs[0].shape, a.inputs[0].dtype);
}

Cost MaskedStyleLayer::backward_cost(const LayerBackward& a) const {
  return masked_style::backward_cost(a.inputs[0].shape, a.inputs[0].dtype) + accumulation_cost(a);
}

void MaskedStyleLayer::forward(Context& context, const LayerForward& a) const {
  masked_style::forward(context, {a.inputs[0], a.inputs[1], a.outputs[0], a.outputs[1], a.outputs[2]});
}

void MaskedStyleLayer::backward(Context& context, const LayerBackward& a) const {
  masked_style::backward(
      context, {a.inputs[0], a.inputs[1], a.outputs[0], a.outputs[1], a.outputs[2], a.output_gradients[0],
                a.output_gradients[1], a.input_gradients[0], a.input_modes[0]});
}

StyleFusionLayer::StyleFusionLayer(ParameterStore& store, const std::string& name, std::int64_t channels,
                                   const style_fusion::Options& options)
    : options_(options) {
  const Initializer one = Initializer::constant(1), zero = Initializer::constant(0);
  if (options.gate == style_fusion::Gate::learned)
    gate_ = &store.add(name + ".gate", {channels}, Initializer::constant(gate_start), false);
  gamma_foreground_ = &store.add(name + ".gamma_foreground", {channels}, one, false);
  beta_foreground_ = &store.add(name + ".beta_foreground", {channels}, zero, false);
  gamma_background_ = &store.add(name + ".gamma_background", {channels}, one, false);
  beta_background_ = &store.add(name + ".beta_background", {channels}, zero, false);
}

std::vector<Parameter*> StyleFusionLayer::parameters() const {
  std::vector<Parameter*> all = {gamma_foreground_, beta_foreground_, gamma_background_, beta_background_};
  if (gate_) all.push_back(gate_);
  return all;
}

std::vector<TensorSpec> StyleFusionLayer::infer(const std::vector<TensorSpec>& inputs) const {
  std::vector<TensorSpec> outputs = style_specs(inputs[0], false);
  outputs.insert(outputs.begin(), {inputs[0].shape, inputs[0].dtype, true});
  return outputs;
}

BackwardNeeds StyleFusionLayer::backward_needs() const {
  return {std::vector<bool>(uses_external_style() ? 4 : 2, true), {false, true, true, true}};
}

std::int64_t StyleFusionLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                               Mode) const {
  return style_fusion::workspace_bytes(inputs[0].shape, inputs[0].dtype, context.device());
}

Cost StyleFusionLayer::forward_cost(const LayerForward& a) const {
  return style_fusion::forward_cost(a.inputs[0].shape, a.inputs[0].dtype);
}

Cost StyleFusionLayer::backward_cost(const LayerBackward& a) const {
  return style_fusion::backward_cost(a.inputs[0].shape, a.inputs[0].dtype) + accumulation_cost(a);
}

// All but the statistics.
style_fusion::Forward StyleFusionLayer::forward_arguments(const LayerForward& a) const {
  style_fusion::Forward arguments;
  arguments.x = a.inputs[0];
  arguments.mask = a.inputs[1];
  if (uses_external_style()) {
    arguments.external_mean = a.inputs[2].slice(background);
    arguments.external_sd = a.inputs[3].slice(background);
  }
  arguments.gate = value_of(gate_);
  arguments.gamma_foreground = gamma_foreground_->value;
  arguments.beta_foreground = beta_foreground_->value;
  arguments.gamma_background = gamma_background_->value;
  arguments.beta_background = beta_background_->value;
  arguments.y = a.outputs[0];
  return arguments;
}

void StyleFusionLayer::forward(Context& context, const LayerForward& a) const {
  style_fusion::Forward arguments = forward_arguments(a);
  arguments.mean = a.outputs[1];
  arguments.sd = a.outputs[2];
  arguments.weight = a.outputs[3];
  style_fusion::forward(context, arguments, options_);
}

void StyleFusionLayer::backward(Context& context, const LayerBackward& a) const {
  style_fusion::Backward arguments;
  arguments.x = a.inputs[0];
  arguments.mask = a.inputs[1];
  arguments.dexternal_mode = GradientMode::ignore;
  if (uses_external_style()) {
    arguments.external_mean = a.inputs[2].slice(background);
    arguments.external_sd = a.inputs[3].slice(background);
    arguments.dexternal_mode = a.input_modes[2];
    if (a.input_modes[2] != GradientMode::ignore) {
      arguments.dexternal_mean = a.input_gradients[2].slice(background);
      arguments.dexternal_sd = a.input_gradients[3].slice(background);
      if (a.input_modes[2] == GradientMode::overwrite) {  // nothing flows to the foreground's style
        set_zero(context, a.input_gradients[2].slice(foreground));
        set_zero(context, a.input_gradients[3].slice(foreground));
      }
    }
  }
  arguments.gate = value_of(gate_);
  arguments.gamma_foreground = gamma_foreground_->value;
  arguments.beta_foreground = beta_foreground_->value;
  arguments.gamma_background = gamma_background_->value;
  arguments.beta_background = beta_background_->value;
  arguments.mean = a.outputs[1];
  arguments.sd = a.outputs[2];
  arguments.weight = a.outputs[3];
  arguments.dy = a.output_gradients[0];
  arguments.dx = a.input_gradients[0];
  arguments.dx_mode = a.input_modes[0];
  arguments.dgate = gradient_of(gate_);
  arguments.dgamma_foreground = gamma_foreground_->gradient;
  arguments.dbeta_foreground = beta_foreground_->gradient;
  arguments.dgamma_background = gamma_background_->gradient;
  arguments.dbeta_background = beta_background_->gradient;
  arguments.dparameters_mode = a.parameters_mode;
  style_fusion::backward(context, arguments, options_);
}

BackwardNeeds TileFusionLayer::backward_needs() const {
  return {std::vector<bool>(whole_.uses_external_style() ? 7 : 5, false), {false}};
}

void TileFusionLayer::forward(Context& context, const LayerForward& a) const {
  // The op's arguments are what it writes elsewhere; given, they are only read.
  const auto given = [&](std::size_t from_last) {
    const ConstTensorView& view = a.inputs[a.inputs.size() - from_last];
    return TensorView(const_cast<void*>(view.data), view.shape, view.dtype, view.device);
  };
  style_fusion::Forward arguments = whole_.forward_arguments(a);
  arguments.mean = given(3);
  arguments.sd = given(2);
  arguments.weight = given(1);
  style_fusion::Options options = whole_.options_;
  options.statistics = style_fusion::Statistics::given;
  style_fusion::forward(context, arguments, options);
}

void TileFusionLayer::backward(Context&, const LayerBackward&) const {
  fail(ErrorKind::internal, "a tile's fusion is for inference");
}

}  // namespace attune
