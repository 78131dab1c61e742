// The layers at the network's border: packing pictures and masks into feature maps, and the mask at every
// level.
#pragma once

#include "kernels/pack_input/pack_input.h"
#include "kernels/resample/resample.h"
#include "layers/layer.h"

namespace attune {

// (picture [N, H, W, 3], mask [N, H, W]) -> x [N, Hp, Wp, 4], padded to a multiple of `stride`. Without a
// mask input the mask's channel is 0.
class PackInputLayer final : public Layer {
 public:
  PackInputLayer(std::int64_t stride, DType activations, bool with_mask)
      : stride_(stride), activations_(activations), with_mask_(with_mask) {}

  std::string kind() const override { return "pack_input"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override {
    return {std::vector<bool>(with_mask_ ? 2 : 1, false), {false}};
  }
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  std::int64_t stride_;
  DType activations_;
  bool with_mask_;
};

// mask [N, H, W] -> the mask padded to a multiple of `stride` and averaged over cells of 1, 2, 4 ...
// 2^(levels - 1); with Regions::one, masks of zeros of these sizes: the whole picture is one region (plain
// instance normalization).
enum class Regions { two, one };
class MaskPyramidLayer final : public Layer {
 public:
  MaskPyramidLayer(std::int64_t stride, int levels, Regions regions)
      : stride_(stride), levels_(levels), regions_(regions) {}

  std::string kind() const override { return "mask_pyramid"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override {
    return {{false}, std::vector<bool>(static_cast<std::size_t>(levels_), false)};
  }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward&) const override { return {}; }
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context&, const LayerBackward&) const override {}  // masks are data

 private:
  std::int64_t stride_;
  int levels_;
  Regions regions_;
};

}  // namespace attune
