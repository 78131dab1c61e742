// (x [N, H/2, W/2, Cx], skip [N, H, W, Cs]) -> [N, H, W, Cx + Cs]: the decoder's way up, x enlarged
// bilinearly.
#pragma once

#include "kernels/upsample_concat/upsample_concat.h"
#include "layers/layer.h"

namespace attune {

class UpsampleConcatLayer final : public Layer {
 public:
  std::string kind() const override { return "upsample_concat"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {{false, false}, {false}}; }
  // The convolution behind it keeps it for its weights' gradient: a seventh of a training step's activations.
  bool is_recomputed() const override { return true; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;
};

}  // namespace attune
