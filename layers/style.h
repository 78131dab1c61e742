// The two layers around style: statistics of a feature map's regions, and the fusion that uses them.
#pragma once

#include "kernels/masked_style/masked_style.h"
#include "kernels/style_fusion/style_fusion.h"
#include "layers/layer.h"

namespace attune {

// (x, mask) -> (mean [2, N, C], sd [2, N, C], weight [2, N]).
class MaskedStyleLayer final : public Layer {
 public:
  std::string kind() const override { return "masked_style"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {{true, true}, {true, true, true}}; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;
};

// (x, mask, mean, sd) -> (y, and x's own mean, sd, weight for backward). The external style is the
// background's part of mean and sd, as MaskedStyleLayer gives them; with Gate::internal there is none and the
// inputs are (x, mask).
class StyleFusionLayer final : public Layer {
 public:
  StyleFusionLayer(ParameterStore& store, const std::string& name, std::int64_t channels,
                   const style_fusion::Options& options);

  std::string kind() const override { return "style_fusion"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override;
  std::vector<Parameter*> parameters() const override;
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

  bool uses_external_style() const { return options_.gate != style_fusion::Gate::internal; }

 private:
  friend class TileFusionLayer;
  style_fusion::Forward forward_arguments(const LayerForward& a) const;

  style_fusion::Options options_;
  Parameter* gate_ = nullptr;  // where it is learned
  Parameter *gamma_foreground_, *beta_foreground_, *gamma_background_, *beta_background_;
};

// The same on a tile of a picture whose statistics are known: (x, mask, external mean, external sd, mean, sd, weight) -> y,
// the external two left out with Gate::internal. For inference.
class TileFusionLayer final : public Layer {
 public:
  // Has the parameters of `whole`, which must outlive it.
  explicit TileFusionLayer(const StyleFusionLayer& whole) : whole_(whole) {}

  std::string kind() const override { return "tile_fusion"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override { return {inputs[0]}; }
  BackwardNeeds backward_needs() const override;
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode mode) const override {
    return whole_.workspace_bytes(inputs, context, mode);
  }
  Cost forward_cost(const LayerForward& a) const override { return whole_.forward_cost(a); }
  Cost backward_cost(const LayerBackward&) const override { return {}; }
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  const StyleFusionLayer& whole_;
};

}  // namespace attune
