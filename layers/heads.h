// The network's last layers: from the head's maps to the harmonized picture.
#pragma once

#include "kernels/blend_output/blend_output.h"
#include "kernels/color_transform/color_transform.h"
#include "layers/layer.h"

namespace attune {

// (transform [N, h, w, 12], picture [N, H, W, 3], mask [N, H, W]) -> y [N, H, W, 3], `stride` picture pixels
// a cell.
class ColorTransformLayer final : public Layer {
 public:
  explicit ColorTransformLayer(int stride) {
    options_.scale_y = options_.scale_x = 1.0f / static_cast<float>(stride);
  }

  std::string kind() const override { return "color_transform"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {{true, true, true}, {false}}; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  color_transform::Options options_;
};

// (h [N, Hp, Wp, 4], picture [N, H, W, 3], mask [N, H, W]) -> y [N, H, W, 3].
class BlendOutputLayer final : public Layer {
 public:
  std::string kind() const override { return "blend_output"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {{true, true, true}, {false}}; }
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;
};

}  // namespace attune
