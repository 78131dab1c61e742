// AdamW over a network's parameters: owns the moments and the moving average of the weights, all flat arrays that lie
// like the parameters, so that a step is one pass (kernels/adamw).
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "layers/parameters.h"

namespace attune {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
  double max_norm = 0;  // 0: no clipping
  double ema_decay = 0.999;
};

// A part of the optimizer's state under the name that it is saved by.
struct NamedState {
  std::string name;
  TensorView view;
};

class AdamW {
 public:
  // The average starts as a copy of the weights. Throws ErrorKind::internal where the store is not allocated.
  AdamW(ParameterStore& store, const AdamWOptions& options);

  // Takes one step with the store's gradients; `gradient_norm` [1] is their norm, on the device.
  void step(Context& context, ParameterStore& store, const ConstTensorView& gradient_norm,
            double learning_rate);

  // The moving average of the weights. Early in a run it follows them faster, with a decay of (1 + t) / (10 + t) where
  // that is less, so that it is not dragged by the random weights at the start.
  TensorView average() { return average_.view(); }
  // Everything but the number of steps: written to restore a run bit for bit.
  std::vector<NamedState> state();
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  AdamWOptions options_;
  Tensor first_moment_, second_moment_, average_;
  std::int64_t steps_ = 0;
};

}  // namespace attune
