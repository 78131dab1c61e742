// Planning a graph: shapes, gradients, lifetimes and addresses, and the arguments of every run.
#include <algorithm>

#include "layers/graph.h"

namespace attune {

void Graph::plan(Context& context, const std::map<ValueId, TensorSpec>& inputs, Mode mode) {
  infer(inputs);
  mark_gradients(mode);
  mark_recomputed();
  lay_out(context, mode);
  lay_out_losses(context);
  packed_ = Tensor();
  bind();
  describe_passes();
  if (mode == Mode::training) {
    write_loss_seeds(context);
    clear_unreached_parameters();
  }
}

std::vector<TensorSpec> Graph::input_specs(const Node& node) const {
  std::vector<TensorSpec> specs;
  for (const ValueId input : node.inputs) specs.push_back(values_[index(input)].spec);
  return specs;
}

// Shapes, from the inputs down.
void Graph::infer(const std::map<ValueId, TensorSpec>& inputs) {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].producer >= 0) continue;
    const auto found = inputs.find(static_cast<ValueId>(i));
    require(found != inputs.end(), ErrorKind::argument, "graph: input ", values_[i].name, " has no shape");
    values_[i].spec = found->second;
  }
  for (const Node& node : nodes_) {
    const std::vector<TensorSpec> outputs = node.layer->infer(input_specs(node));
    require(outputs.size() == node.outputs.size(), ErrorKind::internal, node.layer->kind(), " infers ",
            outputs.size(), " outputs, it has ", node.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) values_[index(node.outputs[i])].spec = outputs[i];
  }
}

// A gradient is computed where it comes from a loss (reached) and something below uses it (learns).
void Graph::mark_gradients(Mode mode) {
  for (Value& value : values_) value.reached = false, value.learns = value.wants_gradient;
  for (Node& node : nodes_) node.runs_backward = false;
  if (mode == Mode::inference) return;

  for (const Node& node : nodes_) {
    bool learns = node.learning == Learning::normal && !node.layer->parameters().empty();
    for (const ValueId input : node.inputs) learns |= values_[index(input)].learns;
    for (const ValueId output : node.outputs)
      values_[index(output)].learns = learns && values_[index(output)].spec.differentiable;
  }
  for (const Loss& loss : losses_) {
    const TensorSpec& spec = values_[index(loss.value)].spec;
    require(spec.shape == Shape{1}, ErrorKind::argument, "graph: a loss is ", spec.shape, ", expected [1]");
    for (const Node& node : nodes_)
      require(std::count(node.inputs.begin(), node.inputs.end(), loss.value) == 0, ErrorKind::argument,
              "graph: ", node.layer->kind(), " reads a loss, whose gradient is its weight alone");
    values_[index(loss.value)].reached = true;
  }
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    for (const ValueId output : node->outputs) node->runs_backward |= has_gradient(values_[index(output)]);
    if (!node->runs_backward) continue;
    for (const ValueId input : node->inputs)
      values_[index(input)].reached |= values_[index(input)].spec.differentiable;
  }
}

// In the order of backward: the first node that reads a value there has it made again.
void Graph::mark_recomputed() {
  for (Value& value : values_) value.recomputed = false;
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    node->recomputed.clear();
    if (!node->runs_backward) continue;
    const std::vector<bool> needed = node->layer->backward_needs().inputs;
    for (std::size_t i = 0; i < node->inputs.size(); ++i) {
      Value& value = values_[index(node->inputs[i])];
      if (!needed[i] || value.recomputed || value.kept || value.producer < 0) continue;
      const Node& producer = nodes_[index(value.producer)];
      if (!producer.layer->is_recomputed()) continue;
      require(producer.outputs.size() == 1, ErrorKind::internal, "graph: ", producer.layer->kind(),
              " is recomputed and has ", producer.outputs.size(), " outputs");
      value.recomputed = true;
      node->recomputed.push_back(value.producer);
    }
  }
}

// Node i runs forward at step i and backward at step 2 n - 1 - i.
Graph::Lifetimes Graph::lifetimes(Mode mode) const {
  const int count = static_cast<int>(nodes_.size());
  const int end = mode == Mode::training ? 2 * count : count;
  Lifetimes all;
  for (const Value& value : values_) {
    const std::int64_t bytes = checked_multiply(value.spec.shape.elements(), size_of(value.spec.dtype));
    const int born = std::max(value.producer, 0);
    const int consumed = value.wants_gradient ? end : 2 * count - 1 - born;
    all.data.push_back({bytes, value.producer < 0 ? 0 : born, value.kept ? end : born});
    all.data_in_backward.push_back({value.recomputed ? bytes : 0, end, 0});
    all.gradients.push_back({has_gradient(value) ? bytes : 0, consumed, consumed});
  }
  const auto extend = [](ArenaRequest& request, int step) {
    request.first = std::min(request.first, step);
    request.last = std::max(request.last, step);
  };
  const auto read_in_backward = [&](std::size_t value, int step) {
    extend(values_[value].recomputed ? all.data_in_backward[value] : all.data[value], step);
  };
  for (int n = 0; n < count; ++n) {
    const Node& node = nodes_[index(n)];
    for (const ValueId input : node.inputs) extend(all.data[index(input)], n);
    if (!node.runs_backward) continue;
    const int backward = 2 * count - 1 - n;
    const BackwardNeeds needs = node.layer->backward_needs();
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const std::size_t value = index(node.inputs[i]);
      if (needs.inputs[i]) read_in_backward(value, backward);
      if (has_gradient(values_[value])) extend(all.gradients[value], backward);
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (needs.outputs[i]) read_in_backward(index(node.outputs[i]), backward);
    for (const int producer : node.recomputed)
      for (const ValueId input : nodes_[index(producer)].inputs) extend(all.data[index(input)], backward);
  }
  return all;
}

void Graph::lay_out(Context& context, Mode mode) {
  const Lifetimes lives = lifetimes(mode);
  std::vector<ArenaRequest> requests = lives.data;
  requests.insert(requests.end(), lives.data_in_backward.begin(), lives.data_in_backward.end());
  requests.insert(requests.end(), lives.gradients.begin(), lives.gradients.end());
  const ArenaPlan plan = plan_arena(requests);
  arena_ = Arena();  // first, so that old and new are never held together
  arena_ = Arena(context.device(), plan.bytes, context.allocator());
  const std::size_t count = values_.size();
  for (std::size_t i = 0; i < count; ++i) {
    Value& value = values_[i];
    const auto view = [&](std::size_t request) {
      return arena_.view(plan.offsets[request], value.spec.shape, value.spec.dtype);
    };
    value.data = view(i);
    value.data_in_backward = value.recomputed ? view(count + i) : value.data;
    value.gradient = has_gradient(value)
                         ? view(2 * count + i)
                         : TensorView(nullptr, value.spec.shape, value.spec.dtype, context.device());
  }
  std::int64_t workspace = 0;
  for (const Node& node : nodes_)
    workspace = std::max(workspace, node.layer->workspace_bytes(input_specs(node), context, mode));
  context.workspace(workspace);
}

void Graph::lay_out_losses(Context& context) {
  if (losses_.empty()) return;
  loss_values_ = Tensor({static_cast<std::int64_t>(losses_.size())},
                        values_[index(losses_[0].value)].spec.dtype, context.device());
  for (std::size_t i = 0; i < losses_.size(); ++i)
    values_[index(losses_[i].value)].data = values_[index(losses_[i].value)].data_in_backward =
        loss_values_.view().slice(static_cast<std::int64_t>(i)).reshaped({1});
}

// Puts together each node's arguments once, so that running it allocates nothing.
void Graph::bind() {
  for (Node& node : nodes_) {
    node.forward = {};
    for (const ValueId input : node.inputs) node.forward.inputs.emplace_back(values_[index(input)].data);
    for (const ValueId output : node.outputs) node.forward.outputs.push_back(values_[index(output)].data);
    if (!node.layer->is_recomputed()) continue;
    node.recompute = node.forward;
    node.recompute.outputs = {values_[index(node.outputs[0])].data_in_backward};
  }
  std::vector<bool> written(values_.size(), false);
  std::vector<const Layer*> layers_written;
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node)
    if (node->runs_backward) bind_backward(*node, written, layers_written);
}

// `written` and `layers_written` tell whose gradient an earlier visited node wrote: the next one adds to it.
void Graph::bind_backward(Node& node, std::vector<bool>& written, std::vector<const Layer*>& layers_written) {
  LayerBackward& arguments = node.backward;
  arguments = {};
  const BackwardNeeds needs = node.layer->backward_needs();
  const auto view_if = [](bool needed, const Value& value) {
    ConstTensorView view = value.data_in_backward;
    if (!needed) view.data = nullptr;
    return view;
  };
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const std::size_t id = index(node.inputs[i]);
    const Value& value = values_[id];
    arguments.inputs.push_back(view_if(needs.inputs[i], value));
    arguments.input_gradients.push_back(value.gradient);
    arguments.input_modes.push_back(!has_gradient(value) ? GradientMode::ignore
                                    : written[id]        ? GradientMode::accumulate
                                                         : GradientMode::overwrite);
    written[id] = has_gradient(value);
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    const Value& value = values_[index(node.outputs[i])];
    arguments.outputs.push_back(view_if(needs.outputs[i], value));
    arguments.output_gradients.emplace_back(value.gradient);
  }
  if (node.learning == Learning::frozen) {
    arguments.parameters_mode = GradientMode::ignore;
    return;
  }
  const bool shared =
      std::find(layers_written.begin(), layers_written.end(), node.layer) != layers_written.end();
  arguments.parameters_mode = shared ? GradientMode::accumulate : GradientMode::overwrite;
  layers_written.push_back(node.layer);
}

// The gradients of the losses are their weights; nothing ever overwrites them, so they are written once.
void Graph::write_loss_seeds(Context& context) {
  if (losses_.empty()) return;
  const DType dtype = values_[index(losses_[0].value)].spec.dtype;
  Tensor host({static_cast<std::int64_t>(losses_.size())}, dtype);
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    if (dtype == DType::f64)
      host.as<double>()[i] = losses_[i].weight;
    else
      host.as<float>()[i] = static_cast<float>(losses_[i].weight);
  }
  seeds_ = host.to(context.device());
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    Value& value = values_[index(losses_[i].value)];
    value.gradient = seeds_.view().slice(static_cast<std::int64_t>(i)).reshaped({1});
    if (value.producer < 0) continue;
    Node& node = nodes_[index(value.producer)];
    for (std::size_t output = 0; output < node.outputs.size(); ++output)
      if (node.runs_backward && node.outputs[output] == losses_[i].value)
        node.backward.output_gradients[output] = value.gradient;
  }
}

// Parameters that no gradient reaches keep a gradient of zero.
void Graph::clear_unreached_parameters() {
  for (const Node& node : nodes_)
    for (const Parameter* parameter : node.layer->parameters()) {
      require(parameter->gradient.data != nullptr, ErrorKind::internal, "graph: trains ", parameter->name,
              ", which has no gradient");
      fill_bytes(parameter->gradient.data, parameter->gradient.device, 0, parameter->gradient.bytes());
    }
}

void Graph::describe_passes() {
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    Node& node = nodes_[n];
    const std::vector<Parameter*> parameters = node.layer->parameters();
    Pass pass;
    pass.kind = node.layer->kind();
    pass.name = parameters.empty() ? text(node.forward.outputs[0].shape)
                                   : parameters[0]->name.substr(0, parameters[0]->name.rfind('.'));
    pass.node = static_cast<int>(n);
    pass.dtype = node.forward.inputs[0].dtype;
    node.forward_pass = node.recompute_pass = node.backward_pass = pass;
    node.forward_pass.direction = "forward";
    node.recompute_pass.direction = "recompute";
    node.forward_pass.cost = node.recompute_pass.cost = node.layer->forward_cost(node.forward);
    if (!node.runs_backward) continue;
    node.backward_pass.direction = "backward";
    node.backward_pass.cost = node.layer->backward_cost(node.backward);
  }
}

}  // namespace attune
