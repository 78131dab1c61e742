// The layers of the part of the head's map that is the same for a whole foreground: what it is predicted from, and how it
// gets there.
#pragma once

#include "kernels/image_bias/image_bias.h"
#include "kernels/style_difference/style_difference.h"
#include "layers/layer.h"

namespace attune {

// (mean, sd, weight) x maps, as MaskedStyleLayer gives them -> rows [N, 1, 4 C], C the sum of the maps' channels.
class StyleDifferenceLayer final : public Layer {
 public:
  // Throws ErrorKind::configuration on more than style_difference::max_maps.
  explicit StyleDifferenceLayer(std::size_t maps);

  std::string kind() const override { return "style_difference"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {std::vector<bool>(3 * maps_, true), {false}}; }
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  std::size_t maps_;
};

// (x [N, H, W, C], rows [N, 1, C]) -> y [N, H, W, C].
class ImageBiasLayer final : public Layer {
 public:
  std::string kind() const override { return "image_bias"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {{false, false}, {false}}; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;
};

}  // namespace attune
