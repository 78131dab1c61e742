// Graph: layers in topological order, planned for one size and run without allocating.
//
//     Graph graph;
//     ValueId x = graph.input("x");
//     ValueId y = graph.add(layer, {x})[0];
//     graph.keep(y);
//     graph.plan(context, {{x, {shape, dtype}}}, Mode::inference);
//     ... fill graph.value(x) ...  graph.forward(context);  ... read graph.value(y) ...
//
// plan() infers every shape, computes lifetimes, and lays every activation and gradient into one arena; the
// context's workspace is grown to the largest scratch any layer takes. forward() and backward() then allocate
// no tensor memory. In Mode::training a value lives until the last backward pass that asks for it, or is made again for
// it (Layer::is_recomputed()); in Mode::inference until its last use.
//
// Gradients: backward() starts from the losses (scalars, each with a weight) and visits nodes in reverse
// order. Where a value has several consumers their gradients are added in that order, the first one
// overwriting; the same holds for parameters shared by several nodes. A node is visited only where a gradient
// reaches it and something below it learns.
//
// One thread uses a graph at a time. The layers must outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/arena.h"
#include "layers/layer.h"

namespace attune {

using ValueId = int;

// One layer's run, forward or backward, as a profile lists it.
struct Pass {
  std::string kind;
  std::string name;       // what its parameters' names have in common, else its output's shape
  std::string direction;  // "forward", "backward", or "recompute": forward again during backward
  int node = 0;
  DType dtype = DType::f32;  // of the activations
  Cost cost;
};

// Called around what a pass enqueues, for profiling: must call `run` once.
using PassObserver = std::function<void(const Pass& pass, const std::function<void()>& run)>;

// Runs a pass, by way of the observer where there is one.
template <class Run>
void run_pass(const PassObserver& observer, const Pass& pass, const Run& run) {
  if (observer)
    observer(pass, run);
  else
    run();
}

// Whether a node's backward reaches its layer's parameters: frozen nodes pass gradients to their inputs only.
enum class Learning { normal, frozen };

class Graph {
 public:
  // A value that the caller fills before forward(). Gradients stop here unless `wants_gradient`.
  ValueId input(const std::string& name, bool wants_gradient = false);
  std::vector<ValueId> add(const Layer& layer, const std::vector<ValueId>& inputs,
                           Learning learning = Learning::normal);
  // Keeps the value readable after the run.
  void keep(ValueId value);
  // Adds weight * value to what backward() differentiates; the value must be a scalar [1] that no layer reads.
  void add_loss(ValueId value, double weight);

  void plan(Context& context, const std::map<ValueId, TensorSpec>& inputs, Mode mode);
  // Makes once what the layers' forward else makes of their parameters at each call. To be called again before the next
  // forward() where parameters changed; the next plan() forgets it.
  void pack_parameters(Context& context);
  // Touches the activations' memory for the first time, on the CPU, with `pause` called every few MiB: the system may take its
  // time to hand it out, which a layer would wait for.
  void touch_memory(const Context& context);
  void forward(Context& context, const RunInfo& run = {});
  void backward(Context& context, const RunInfo& run = {});

  // Views that stay valid until the next plan(). value(): of inputs and kept values; gradient(): of inputs
  // that want it.
  TensorView value(ValueId value) const;
  TensorView gradient(ValueId value) const;
  // The losses [n] as forward() left them, in the order of add_loss(), side by side so that one copy fetches them.
  ConstTensorView loss_values() const { return loss_values_.view(); }
  const TensorSpec& spec(ValueId value) const { return values_[index(value)].spec; }

  std::int64_t arena_bytes() const { return arena_.bytes(); }
  // What forward() and then backward() run, in their order.
  std::vector<Pass> passes() const;

  // Empty by default.
  PassObserver observer;
  // Called before each layer's parameters are packed, while memory is touched, and now and then within a long forward pass on
  // the CPU. What it throws ends the run.
  std::function<void()> pause;

 private:
  struct Value {
    std::string name;
    int producer = -1;  // node, or -1 for an input
    TensorSpec spec;
    bool kept = false, wants_gradient = false;
    bool learns = false;   // something below needs its gradient
    bool reached = false;  // a loss depends on it through differentiable steps
    bool recomputed = false;
    TensorView data, data_in_backward, gradient;
  };
  struct Node {
    const Layer* layer;
    std::vector<ValueId> inputs, outputs;
    Learning learning;
    bool runs_backward = false;
    std::vector<int> recomputed;  // the nodes whose forward runs again before this one's backward
    LayerForward forward, recompute;
    LayerBackward backward;
    Pass forward_pass, recompute_pass, backward_pass;
  };
  // When each value and gradient is in use; of a recomputed value in forward, and in backward.
  struct Lifetimes {
    std::vector<ArenaRequest> data, data_in_backward, gradients;
  };
  struct Loss {
    ValueId value;
    double weight;
  };

  std::vector<TensorSpec> input_specs(const Node& node) const;
  static std::size_t index(ValueId value) { return static_cast<std::size_t>(value); }
  bool has_gradient(const Value& value) const { return value.learns && value.reached; }
  void infer(const std::map<ValueId, TensorSpec>& inputs);
  void mark_gradients(Mode mode);
  void mark_recomputed();
  Lifetimes lifetimes(Mode mode) const;
  void lay_out(Context& context, Mode mode);
  void lay_out_losses(Context& context);
  void bind();
  void bind_backward(Node& node, std::vector<bool>& written, std::vector<const Layer*>& layers_written);
  void write_loss_seeds(Context& context);
  void clear_unreached_parameters();
  void describe_passes();

  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<Loss> losses_;
  Arena arena_;
  Tensor packed_;
  Tensor loss_values_;
  Tensor seeds_;  // the losses' weights: what backward() starts from
};

}  // namespace attune
