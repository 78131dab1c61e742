// The network as it is trained: harmonizer, both losses and their gradients in one planned graph.
#pragma once

#include <memory>
#include <vector>

#include "losses/reconstruction_loss.h"
#include "losses/region_contrast.h"
#include "tools/config/config.h"
#include "tools/train/batch_feed.h"

namespace attune::tools {

struct LossValues {
  double total = 0, reconstruction = 0, contrast = 0;
};

class TrainingNetwork {
 public:
  // Builds and plans everything for config.train's batch and size; weights start from config.seed, or with those of
  // train.start_from.
  TrainingNetwork(Context& context, const Config& config);

  // Where a run finds its batch.
  BatchViews inputs() const;
  // Where a run leaves its harmonized pictures; with train.second_pass alone, else the memory is another value's by then.
  TensorView output() const { return graph_.value(output_); }
  // Enqueues one forward and backward pass: gradients lie in store().gradients() afterwards, losses in
  // graph().loss_values().
  void run(Context& context, std::int64_t step);
  // What loss_values(), brought to the host, mean.
  LossValues losses(const ConstTensorView& values) const;

  ParameterStore& store() { return store_; }
  const Harmonizer& harmonizer() const { return harmonizer_; }
  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }

 private:
  void start_from(const std::filesystem::path& model);

  std::uint64_t seed_;
  std::int64_t batch_;
  double contrast_weight_;
  bool rounds_weights_;
  ParameterStore store_;
  Harmonizer harmonizer_;
  std::unique_ptr<RegionContrast> contrast_;  // null where its weight is 0
  ReconstructionLossLayer reconstruction_;
  Graph graph_;
  ValueId composite_ = 0, real_ = 0, mask_ = 0, output_ = 0;
};

}  // namespace attune::tools
