#include "layers/graph.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/scratch.h"

namespace attune {

ValueId Graph::input(const std::string& name, bool wants_gradient) {
  Value value;
  value.name = name;
  value.kept = true;
  value.wants_gradient = wants_gradient;
  values_.push_back(value);
  return static_cast<ValueId>(values_.size()) - 1;
}

std::vector<ValueId> Graph::add(const Layer& layer, const std::vector<ValueId>& inputs, Learning learning) {
  // Without shapes yet the number of outputs comes from the layer's needs, which list them all.
  const std::size_t outputs = layer.backward_needs().outputs.size();
  Node node;
  node.layer = &layer;
  node.inputs = inputs;
  node.learning = learning;
  for (std::size_t i = 0; i < outputs; ++i) {
    Value value;
    value.name = layer.kind();
    value.producer = static_cast<int>(nodes_.size());
    values_.push_back(value);
    node.outputs.push_back(static_cast<ValueId>(values_.size()) - 1);
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

void Graph::keep(ValueId value) { values_[index(value)].kept = true; }

void Graph::add_loss(ValueId value, double weight) {
  keep(value);
  for (Loss& loss : losses_) {
    if (loss.value != value) continue;
    loss.weight += weight;
    return;
  }
  losses_.push_back({value, weight});
}

void Graph::pack_parameters(Context& context) {
  Scratch layout;
  for (const Node& node : nodes_) layout.take(node.layer->packed_bytes(input_specs(node), context));
  if (layout.bytes() == 0) return;
  if (packed_.empty())
    packed_ =
        Tensor({layout.bytes() / size_of(DType::f32)}, DType::f32, context.device(), context.allocator());
  Scratch pieces(packed_.view().data);
  for (Node& node : nodes_) {
    const std::vector<TensorSpec> inputs = input_specs(node);
    const std::int64_t bytes = node.layer->packed_bytes(inputs, context);
    if (bytes == 0) continue;
    void* const packed = pieces.take(bytes);
    if (pause) pause();
    node.layer->pack(context, inputs, packed);
    node.forward.packed = packed;
  }
}

void Graph::touch_memory(const Context& context) {
  if (context.device().kind != DeviceKind::cpu) return;
  constexpr std::int64_t page = 4096, piece_pages = 1024;
  const std::int64_t pages = arena_.bytes() / page, step = piece_pages * context.threads();
  auto* const first = static_cast<char*>(arena_.view(0, {1}, DType::u8).data);
  for (std::int64_t begin = 0; begin < pages; begin += step) {
    if (pause) pause();
    parallel_for(context.threads(), std::min(step, pages - begin),
                 [&](std::int64_t i) { first[(begin + i) * page] = 0; });
  }
}

void Graph::forward(Context& context, const RunInfo& run) {
  for (Node& node : nodes_) {
    node.forward.run = run;
    node.forward.pause = pause ? &pause : nullptr;
    run_pass(observer, node.forward_pass, [&] { node.layer->forward(context, node.forward); });
  }
}

void Graph::backward(Context& context, const RunInfo& run) {
  for (auto reverse = nodes_.rbegin(); reverse != nodes_.rend(); ++reverse) {
    Node& node = *reverse;
    if (!node.runs_backward) continue;
    for (const int number : node.recomputed) {
      Node& producer = nodes_[index(number)];
      producer.recompute.run = run;
      run_pass(observer, producer.recompute_pass,
               [&] { producer.layer->forward(context, producer.recompute); });
    }
    node.backward.run = run;
    run_pass(observer, node.backward_pass, [&] { node.layer->backward(context, node.backward); });
  }
}

std::vector<Pass> Graph::passes() const {
  std::vector<Pass> all;
  for (const Node& node : nodes_) all.push_back(node.forward_pass);
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (!node->runs_backward) continue;
    for (const int number : node->recomputed) all.push_back(nodes_[index(number)].recompute_pass);
    all.push_back(node->backward_pass);
  }
  return all;
}

TensorView Graph::value(ValueId value) const {
  require(values_[index(value)].kept, ErrorKind::internal, "graph: value ", value, " (",
          values_[index(value)].name, ") is not kept");
  return values_[index(value)].data;
}

TensorView Graph::gradient(ValueId value) const {
  require(values_[index(value)].wants_gradient, ErrorKind::internal, "graph: the gradient of value ", value,
          " is not kept");
  return values_[index(value)].gradient;
}

}  // namespace attune
