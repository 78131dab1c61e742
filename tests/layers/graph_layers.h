// Layers that only tests of graphs need: a scalar to differentiate, and a spy on the memory that a node is given.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "layers/graph.h"

namespace attune::test {

// (x_0, x_1, ...) -> [1]: the sum of w(i) x_k(i) over all elements of all inputs, f32.
class WeightedSumLayer final : public Layer {
 public:
  explicit WeightedSumLayer(std::size_t inputs = 1) : inputs_(inputs) {}

  static float weight(std::int64_t i) { return 0.25f * static_cast<float>(i % 7) - 0.625f; }

  std::string kind() const override { return "weighted_sum"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>&) const override {
    return {{{1}, DType::f32, true}};
  }
  BackwardNeeds backward_needs() const override { return {std::vector<bool>(inputs_, false), {false}}; }
  Cost forward_cost(const LayerForward& a) const override {
    Cost cost{4, 0};
    for (const ConstTensorView& x : a.inputs) cost = cost + Cost{4 * x.elements(), 2 * x.elements()};
    return cost;
  }
  Cost backward_cost(const LayerBackward& a) const override {
    Cost cost{4, 0};
    for (std::size_t k = 0; k < a.input_gradients.size(); ++k)
      cost.bytes += 4 * gradient_accesses(a.input_modes[k]) * a.input_gradients[k].elements();
    return cost;
  }
  void forward(Context&, const LayerForward& a) const override {
    float sum = 0;
    for (const ConstTensorView& x : a.inputs)
      for (std::int64_t i = 0; i < x.elements(); ++i) sum += weight(i) * x.as<float>()[i];
    *a.outputs[0].as<float>() = sum;
  }
  void backward(Context&, const LayerBackward& a) const override {
    const float upstream = *a.output_gradients[0].as<float>();
    for (std::size_t k = 0; k < a.input_gradients.size(); ++k) {
      const TensorView& dx = a.input_gradients[k];
      for (std::int64_t i = 0; i < dx.elements() && a.input_modes[k] != GradientMode::ignore; ++i)
        dx.as<float>()[i] =
            upstream * weight(i) + (a.input_modes[k] == GradientMode::accumulate ? dx.as<float>()[i] : 0);
    }
  }

 private:
  std::size_t inputs_;
};

// Which memory each value ("3") and gradient ("d3") had, from the first step that touched it to the last.
struct MemoryLog {
  struct Life {
    const char* begin = nullptr;
    std::int64_t bytes = 0;
    int first = 0, last = 0;
  };
  std::map<std::string, Life> lives;
  int step = 0;

  template <class View>
  void note(const std::string& name, const View& view) {
    if (view.data == nullptr) return;
    Life& life = lives.try_emplace(name, Life{nullptr, 0, step, step}).first->second;
    life = {static_cast<const char*>(view.data), view.bytes(), life.first, step};
  }

  // What is made again lives anew: its first life goes on as "3 in forward".
  void begin_again(const std::string& name) {
    auto life = lives.extract(name);
    if (life.empty()) return;
    life.key() += " in forward";
    lives.insert(std::move(life));
  }

  // Pairs that share memory: [0] while both are alive, [1] at different times.
  std::vector<int> sharing_pairs() const {
    std::vector<int> pairs = {0, 0};
    for (auto a = lives.begin(); a != lives.end(); ++a)
      for (auto b = std::next(a); b != lives.end(); ++b) {
        const Life &one = a->second, &other = b->second;
        if (one.begin >= other.begin + other.bytes || other.begin >= one.begin + one.bytes) continue;
        ++pairs[one.first <= other.last && other.first <= one.last ? 0 : 1];
      }
    return pairs;
  }
};

// Another layer at one node, each run of which notes the memory it is given.
class SpyLayer final : public Layer {
 public:
  SpyLayer(const Layer& inner, MemoryLog& log) : inner_(inner), log_(log) {}
  // Adds the node to `graph` and learns its values' names.
  std::vector<ValueId> add_to(Graph& graph, const std::vector<ValueId>& inputs) {
    inputs_ = inputs;
    return outputs_ = graph.add(*this, inputs);
  }

  std::string kind() const override { return inner_.kind(); }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override {
    return inner_.infer(inputs);
  }
  BackwardNeeds backward_needs() const override { return inner_.backward_needs(); }
  bool is_recomputed() const override { return inner_.is_recomputed(); }
  std::vector<Parameter*> parameters() const override { return inner_.parameters(); }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode mode) const override {
    return inner_.workspace_bytes(inputs, context, mode);
  }
  Cost forward_cost(const LayerForward& a) const override { return inner_.forward_cost(a); }
  Cost backward_cost(const LayerBackward& a) const override { return inner_.backward_cost(a); }
  void forward(Context& context, const LayerForward& a) const override {
    for (const ValueId output : outputs_) log_.begin_again(std::to_string(output));
    note("", inputs_, a.inputs);
    note("", outputs_, a.outputs);
    ++log_.step;
    inner_.forward(context, a);
  }
  void backward(Context& context, const LayerBackward& a) const override {
    note("", inputs_, a.inputs);
    note("", outputs_, a.outputs);
    note("d", inputs_, a.input_gradients);
    note("d", outputs_, a.output_gradients);
    ++log_.step;
    inner_.backward(context, a);
  }

 private:
  template <class View>
  void note(const char* prefix, const std::vector<ValueId>& values, const std::vector<View>& views) const {
    for (std::size_t i = 0; i < values.size(); ++i) log_.note(prefix + std::to_string(values[i]), views[i]);
  }

  const Layer& inner_;
  MemoryLog& log_;
  std::vector<ValueId> inputs_, outputs_;
};

}  // namespace attune::test
