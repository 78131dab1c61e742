// The layers of the contrastive loss: drawing positions, gathering their features, matching and InfoNCE
// (math.md, 3-4).
#pragma once

#include <utility>
#include <vector>

#include "kernels/patch_infonce/patch_infonce.h"
#include "kernels/patch_sample/patch_sample.h"
#include "layers/layer.h"

namespace attune {

// One draw of a run: `level` and `set` tell it from the others.
struct PatchDraw {
  patch_sample::Region region;
  int level, set;
};

// A mask [N, h, w] a draw -> (indices [N, K], count [N]) a draw: K seeded positions of its region each. Seed, step and
// first image come from the run.
class PatchDrawLayer final : public Layer {
 public:
  // At most patch_sample::most_draws.
  PatchDrawLayer(std::vector<PatchDraw> draws, std::int64_t samples)
      : draws_(std::move(draws)), samples_(samples) {}

  std::string kind() const override { return "patch_draw"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override {
    return {std::vector<bool>(draws_.size(), false), std::vector<bool>(2 * draws_.size(), false)};
  }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward&) const override { return {}; }
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context&, const LayerBackward&) const override {}  // positions are data

 private:
  std::vector<PatchDraw> draws_;
  std::int64_t samples_;
};

// (x [N, h, w, C], indices [N, K], count [N]) -> z [N, K, C].
class PatchGatherLayer final : public Layer {
 public:
  std::string kind() const override { return "patch_gather"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override { return {{false, true, true}, {false}}; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;
};

// Which positive belongs to an anchor.
enum class Matching {
  set,     // all of them
  index,   // the one drawn at the same place
  nearest  // the one of the largest cosine, constant in backward
};

// (anchors, positives [, negatives], anchor_count, positive_count [, negative_count]) -> (loss [1], saved
// ...). Without negatives, the other positives stand in the denominator.
class PatchInfoNceLayer final : public Layer {
 public:
  PatchInfoNceLayer(Matching matching, bool with_negatives, float temperature);

  std::string kind() const override { return "patch_infonce"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override;
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  std::size_t inputs() const { return with_negatives_ ? 6 : 4; }

  Matching matching_;
  bool with_negatives_;
  patch_infonce::Options options_;
};

}  // namespace attune
