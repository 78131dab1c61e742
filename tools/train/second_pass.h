// SecondPass: a step's first pictures are the last ones' results of the step before, to be harmonized again toward the same
// photographs. What a network makes of its own results is no composite that a sampler draws, and without them in training
// it changes them once more.
#pragma once

#include <vector>

#include "optim/adamw.h"
#include "tools/train/batch_feed.h"

namespace attune::tools {

class SecondPass {
 public:
  // `inputs` and `output` [N, ...] are the network's own memory; at most N / 2 `pictures`, so that none goes round thrice.
  SecondPass(const BatchViews& inputs, const TensorView& output, std::int64_t pictures);

  // Enqueued between a batch's arrival and the step: replaces its first pictures, but for the first step's.
  void give(Context& context);
  // Enqueued after the step: keeps what give() needs. Colours are not clamped.
  void take(Context& context);

  // What a resumed run goes on from, with names to save it by; none without pictures.
  std::vector<NamedState> state();
  // Says that state() is filled: give() replaces pictures from now on.
  void restored() { filled_ = true; }

 private:
  // One of composite, photograph and mask: where the next step reads it, the memory between, and where this step leaves it.
  struct Lane {
    TensorView to;
    Tensor kept;
    TensorView from;
  };

  std::vector<Lane> lanes_;
  bool filled_ = false;
};

}  // namespace attune::tools
