#include "layers/layer.h"

namespace attune {

Cost accumulation_cost(const LayerBackward& a) {
  Cost cost;
  for (std::size_t i = 0; i < a.input_gradients.size(); ++i)
    if (a.input_modes[i] == GradientMode::accumulate) cost.bytes += a.input_gradients[i].bytes();
  return cost;
}

}  // namespace attune
