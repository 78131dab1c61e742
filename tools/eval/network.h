// A harmonizer planned for pictures of one size after another: what validation and eval put beside the composite.
#pragma once

#include <memory>

#include "core/context.h"
#include "layers/graph.h"
#include "layers/harmonizer/harmonizer.h"
#include "tools/metrics/metrics.h"

namespace attune::tools {

class EvaluationNetwork {
 public:
  // The harmonizer and its weights are the caller's and may change between two runs.
  EvaluationNetwork(Context& context, const Harmonizer& harmonizer)
      : context_(context), harmonizer_(harmonizer) {}

  // The harmonized picture, RGB on the 0..255 scale, clamped, not rounded. `composite` is RGB and `mask` grey (soft
  // where its values are) of one size; the network sees the picture at that size.
  FloatImage harmonize(const Image& composite, const Image& mask);

 private:
  void plan(std::int64_t height, std::int64_t width);

  Context& context_;
  const Harmonizer& harmonizer_;
  std::unique_ptr<Graph> graph_;
  std::int64_t height_ = 0, width_ = 0;
  ValueId composite_ = 0, mask_ = 0, output_ = 0;
};

}  // namespace attune::tools
