// Layer: one differentiable step of a network. A layer owns its options and parameters but no activations, so
// that the same layer can stand at several nodes of a graph (shared weights).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"
#include "layers/parameters.h"

namespace attune {

struct TensorSpec {
  Shape shape;
  DType dtype = DType::f32;
  bool differentiable = true;  // false: indices, counts, and what is only saved for backward
};

// What a run may depend on besides its inputs: the source of every random draw.
struct RunInfo {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::int64_t first_image = 0;  // the global index of the batch's first image
};

struct LayerForward {
  std::vector<ConstTensorView> inputs;
  std::vector<TensorView> outputs;
  const void* packed = nullptr;  // what pack() made of the parameters, or null
  RunInfo run;
  const std::function<void()>* pause = nullptr;  // Graph::pause, where there is one
};

// Every view has its shape; `data` is null where the comment says absent.
struct LayerBackward {
  std::vector<ConstTensorView> inputs, outputs;   // absent where backward_needs() did not ask
  std::vector<ConstTensorView> output_gradients;  // absent where no gradient reaches the output
  std::vector<TensorView> input_gradients;        // absent where the mode is ignore
  std::vector<GradientMode> input_modes;
  GradientMode parameters_mode = GradientMode::overwrite;
  RunInfo run;
};

// What reading the gradients that are added to takes, for ops whose cost is that of overwriting.
Cost accumulation_cost(const LayerBackward& arguments);

// Which inputs and outputs of a node must still be there when its backward runs.
struct BackwardNeeds {
  std::vector<bool> inputs, outputs;
};

enum class Mode { inference, training };

class Layer {
 public:
  Layer() = default;
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  // A word for profiles and messages: "convolution".
  virtual std::string kind() const = 0;
  // The outputs that inputs of these shapes give; throws ErrorKind::argument where they do not fit.
  virtual std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const = 0;
  virtual BackwardNeeds backward_needs() const = 0;
  // Whether a training graph frees the output after its last use in forward, and runs forward again for the backward passes
  // that read it: for layers of one output, large and cheap to make, whose forward gives the same bits again.
  virtual bool is_recomputed() const { return false; }
  virtual std::vector<Parameter*> parameters() const { return {}; }
  // The most scratch that forward (and in training backward) takes from the context.
  virtual std::int64_t workspace_bytes(const std::vector<TensorSpec>&, const Context&, Mode) const {
    return 0;
  }
  // Memory for what forward on inputs of these shapes makes of the parameters at each call, which pack() makes once.
  virtual std::int64_t packed_bytes(const std::vector<TensorSpec>&, Context&) const { return 0; }
  virtual void pack(Context&, const std::vector<TensorSpec>&, void*) const {}
  // The work that a call with arguments of these shapes and modes cannot avoid; no element is read. Where an op computes
  // its gradients together, an ignored one counts as well.
  virtual Cost forward_cost(const LayerForward& arguments) const = 0;
  virtual Cost backward_cost(const LayerBackward& arguments) const = 0;

  virtual void forward(Context& context, const LayerForward& arguments) const = 0;
  virtual void backward(Context& context, const LayerBackward& arguments) const = 0;
};

}  // namespace attune
