// (prediction, target [N, H, W, 3], mask [N, H, W]) -> (loss [1], per_image [N], area [N]): L_rec of math.md, 5.
// Target and mask are data: a graph that asks for their gradients gets ErrorKind::argument from backward().
#pragma once

#include "kernels/reconstruction/reconstruction.h"
#include "layers/layer.h"

namespace attune {

class ReconstructionLossLayer final : public Layer {
 public:
  explicit ReconstructionLossLayer(const reconstruction::Options& options) : options_(options) {}

  std::string kind() const override { return "reconstruction"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {{true, true, false}, {false, true, true}}; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  reconstruction::Options options_;
};

}  // namespace attune
