// TrainingStep: one step over and over - a batch's forward and backward pass, the gradients' norm, AdamW, the losses'
// way back. On a GPU a step is one CUDA graph; the host may prepare the next batch meanwhile:
//
//     step.feed(batch);
//     while (...) {
//       step.enqueue(++number);
//       step.feed(next_batch);
//       LossValues losses = step.finish();
//     }
#pragma once

#include "core/replay.h"
#include "optim/adamw.h"
#include "optim/schedule.h"
#include "tools/config/config.h"
#include "tools/train/network.h"
#include "tools/train/second_pass.h"

namespace attune::tools {

class TrainingStep {
 public:
  // Plans the network for config.train's batch and size; the context must live as long.
  TrainingStep(Context& context, const Config& config);

  // Takes in the batch of the next enqueue(): it may change when this returns.
  void feed(const Batch& batch);
  // Enqueues step 1, 2, ... on the context's stream; neither allocates nor waits, from the third call on: the
  // first one chooses the libraries' algorithms, the second one makes the CUDA graph.
  void enqueue(std::int64_t step);
  // Waits for the enqueued step and returns its losses.
  LossValues finish();

  // What a step runs, in order: the graph's passes, the norm and AdamW.
  std::vector<Pass> passes() const;
  // Calls it around each of them from now on; a step is no CUDA graph then. An empty one ends that.
  void observe(const PassObserver& observer);

  // Of config.optimizer, warm-up and cosine.
  double learning_rate(std::int64_t step) const { return attune::learning_rate(schedule_, step); }
  TrainingNetwork& network() { return network_; }
  AdamW& optimizer() { return optimizer_; }
  SecondPass& second_pass() { return second_pass_; }

 private:
  void update(std::int64_t step);

  Context& context_;
  Schedule schedule_;
  TrainingNetwork network_;
  AdamW optimizer_;
  Tensor gradient_norm_;
  BatchFeed feed_;
  SecondPass second_pass_;
  Replay replay_;
  HostBuffer losses_;  // of the step, when it is done
  Event done_;
  Pass norm_pass_, adamw_pass_;
};

}  // namespace attune::tools
