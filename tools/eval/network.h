// A harmonizer planned for pictures of one size after another: what validation and eval put beside the composite.
#pragma once

#include <memory>

#include "core/context.h"
#include "layers/harmonizer/inference.h"
#include "tools/metrics/metrics.h"

namespace attune::tools {

class EvaluationNetwork {
 public:
  // The harmonizer and its weights are the caller's and may change between two runs.
  EvaluationNetwork(Context& context, const Harmonizer& harmonizer, std::int64_t inference_size)
      : context_(context), harmonizer_(harmonizer), inference_size_(inference_size) {}

  // The harmonized picture, RGB on the 0..255 scale, clamped, not rounded. `composite` is RGB and `mask` grey (soft
  // where its values are) of one size. As in `attune harmonize`, the network sees them scaled down to its inference
  // size, its transform is applied to all of the picture's pixels, and without any background nothing is changed.
  FloatImage harmonize(const Image& composite, const Image& mask);

 private:
  // The picture `composite` [1, H, W, 3] and its mask [1, H, W] on the device, recoloured by the head's map.
  Tensor transformed(const Image& composite, const Image& mask);

  Context& context_;
  const Harmonizer& harmonizer_;
  std::int64_t inference_size_;
  std::unique_ptr<InferenceGraph> network_;  // for the last picture's size
};

}  // namespace attune::tools
