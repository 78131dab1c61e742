// BatchFeed: brings batches to where a network reads its pictures; on a GPU while the step before is still running.
#pragma once

#include <array>

#include "core/async.h"
#include "tools/data/loader.h"

namespace attune::tools {

// The views that a batch goes to, on the device.
struct BatchViews {
  TensorView composite, real, mask;
};

class BatchFeed {
 public:
  BatchFeed(Device device, const BatchViews& target);

  // Takes the batch in: it may change when this returns, though the copy to the device goes on.
  void start(const Batch& batch);
  // What the context enqueues from now on finds the batch in the target. Called once for each start(), and outside
  // what a Replay captures.
  void finish(Context& context);

 private:
  // One picture's way: the batch's memory, page-locked, aside on a GPU, the target.
  struct Lane {
    HostBuffer host;
    Tensor device;  // empty on the CPU
    TensorView target;
  };

  Context copies_;  // for its stream
  std::array<Lane, 3> lanes_;
  Event uploaded_, consumed_;
};

}  // namespace attune::tools
