#include "losses/patches.h"

#include <algorithm>
#include <array>

namespace attune {

std::vector<TensorSpec> PatchDrawLayer::infer(const std::vector<TensorSpec>& inputs) const {
  std::vector<TensorSpec> outputs;
  for (const TensorSpec& mask : inputs) {
    outputs.push_back({{mask.shape[0], samples_}, DType::i32, false});
    outputs.push_back({{mask.shape[0]}, DType::i32, false});
  }
  return outputs;
}

std::int64_t PatchDrawLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                             Mode) const {
  std::int64_t bytes = 0;
  for (const TensorSpec& mask : inputs)
    bytes += patch_sample::workspace_bytes(mask.shape[0], mask.shape[1] * mask.shape[2], samples_,
                                           context.device());
  return bytes;
}

Cost PatchDrawLayer::forward_cost(const LayerForward& a) const {
  Cost cost;
  for (const ConstTensorView& mask : a.inputs) cost = cost + patch_sample::draw_cost(mask.shape, samples_);
  return cost;
}

void PatchDrawLayer::forward(Context& context, const LayerForward& a) const {
  std::array<patch_sample::SeededDraw, patch_sample::most_draws>
      draws;  // on the stack: a step allocates nothing
  for (std::size_t i = 0; i < draws_.size(); ++i) {
    patch_sample::Options options;
    options.seed = a.run.seed;
    options.step = a.run.step;
    options.first_image = a.run.first_image;
    options.level = draws_[i].level;
    options.set = draws_[i].set;
    options.region = draws_[i].region;
    draws.at(i) = {{a.inputs[i], a.outputs[2 * i], a.outputs[2 * i + 1]}, options};
  }
  patch_sample::draw(context, {draws.data(), draws_.size()});
}

std::vector<TensorSpec> PatchGatherLayer::infer(const std::vector<TensorSpec>& inputs) const {
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape;
  return {{{indices[0], indices[1], x[3]}, inputs[0].dtype, true}};
}

std::int64_t PatchGatherLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                               Mode) const {
  const Shape &x = inputs[0].shape, &indices = inputs[1].shape;
  return patch_sample::workspace_bytes(x[0], x[1] * x[2], indices[1], context.device());
}

Cost PatchGatherLayer::forward_cost(const LayerForward& a) const {
  return patch_sample::gather_cost(a.outputs[0].shape, a.outputs[0].dtype);
}

Cost PatchGatherLayer::backward_cost(const LayerBackward& a) const {
  return patch_sample::scatter_cost(a.output_gradients[0].shape, a.inputs[0].shape, a.inputs[0].dtype,
                                    a.input_modes[0]);
}

void PatchGatherLayer::forward(Context& context, const LayerForward& a) const {
  patch_sample::gather(context, {a.inputs[0], a.inputs[1], a.outputs[0]});
}

void PatchGatherLayer::backward(Context& context, const LayerBackward& a) const {
  patch_sample::scatter(
      context, {a.output_gradients[0], a.inputs[1], a.inputs[2], a.input_gradients[0], a.input_modes[0]});
}

namespace {

// Where things lie among the layer's inputs: features first, then their counts.
enum Output : std::size_t { loss = 0, log_sum = 1, miss = 2, positive_index = 3 };

patch_infonce::Inputs gathered(const std::vector<ConstTensorView>& inputs, bool with_negatives) {
  patch_infonce::Inputs all;
  const std::size_t sets = with_negatives ? 3 : 2;
  all.anchors = inputs[0];
  all.positives = inputs[1];
  all.anchor_count = inputs[sets];
  all.positive_count = inputs[sets + 1];
  if (with_negatives) {
    all.negatives = inputs[2];
    all.negative_count = inputs[sets + 2];
  }
  return all;
}

// `inputs`: specs or views.
template <class Input>
patch_infonce::Extents extents_of(const std::vector<Input>& inputs, bool with_negatives) {
  return patch_infonce::extents_of(inputs[0].shape, inputs[1].shape,
                                   with_negatives ? inputs[2].shape : Shape());
}

}  // namespace

PatchInfoNceLayer::PatchInfoNceLayer(Matching matching, bool with_negatives, float temperature)
    : matching_(matching), with_negatives_(with_negatives) {
  require(with_negatives || matching != Matching::set, ErrorKind::configuration,
          "loss.contrast: matching \"set\" needs negatives that are not the positives");
  options_.temperature = temperature;
  options_.pairing =
      matching == Matching::set ? patch_infonce::Pairing::set : patch_infonce::Pairing::indexed;
  options_.other_positives_in_denominator = !with_negatives;
}

std::vector<TensorSpec> PatchInfoNceLayer::infer(const std::vector<TensorSpec>& inputs) const {
  const Shape& anchors = inputs[0].shape;
  const DType dtype = statistics_dtype(inputs[0].dtype);
  const Shape per_anchor{anchors[0], anchors[1]};
  std::vector<TensorSpec> outputs = {
      {{1}, dtype, true}, {per_anchor, dtype, false}, {per_anchor, dtype, false}};
  if (matching_ != Matching::set) outputs.push_back({per_anchor, DType::i32, false});
  return outputs;
}

BackwardNeeds PatchInfoNceLayer::backward_needs() const {
  BackwardNeeds needs{std::vector<bool>(inputs(), true), {false, true, true}};
  if (matching_ != Matching::set) needs.outputs.push_back(true);
  return needs;
}

std::int64_t PatchInfoNceLayer::workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                                                Mode) const {
  return patch_infonce::workspace_bytes(extents_of(inputs, with_negatives_), context.device());
}

Cost PatchInfoNceLayer::forward_cost(const LayerForward& a) const {
  return patch_infonce::forward_cost(extents_of(a.inputs, with_negatives_), a.inputs[0].dtype, options_);
}

Cost PatchInfoNceLayer::backward_cost(const LayerBackward& a) const {
  return patch_infonce::backward_cost(extents_of(a.inputs, with_negatives_), a.inputs[0].dtype, options_) +
         accumulation_cost(a);
}

void PatchInfoNceLayer::forward(Context& context, const LayerForward& a) const {
  patch_infonce::Inputs inputs = gathered(a.inputs, with_negatives_);
  if (matching_ == Matching::nearest)
    patch_infonce::nearest(context, {inputs.anchors, inputs.positives, inputs.anchor_count,
                                     inputs.positive_count, a.outputs[positive_index]});
  // Both were gathered at the same places.
  if (matching_ == Matching::index) patch_infonce::same_index(context, a.outputs[positive_index]);
  if (matching_ != Matching::set) inputs.positive_index = a.outputs[positive_index];
  patch_infonce::forward(context, {inputs, a.outputs[loss], a.outputs[log_sum], a.outputs[miss]}, options_);
}

void PatchInfoNceLayer::backward(Context& context, const LayerBackward& a) const {
  patch_infonce::Backward arguments;
  arguments.inputs = gathered(a.inputs, with_negatives_);
  if (matching_ != Matching::set) arguments.inputs.positive_index = a.outputs[positive_index];
  arguments.log_sum = a.outputs[log_sum];
  arguments.miss = a.outputs[miss];
  arguments.dloss = a.output_gradients[loss];
  arguments.danchors = a.input_gradients[0];
  arguments.danchors_mode = a.input_modes[0];
  arguments.dpositives = a.input_gradients[1];
  arguments.dpositives_mode = a.input_modes[1];
  arguments.dnegatives_mode = GradientMode::ignore;
  if (with_negatives_) {
    arguments.dnegatives = a.input_gradients[2];
    arguments.dnegatives_mode = a.input_modes[2];
  }
  patch_infonce::backward(context, arguments, options_);
}

}  // namespace attune
