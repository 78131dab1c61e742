// A planned network on a device, with what goes in and comes out in CPU memory or, for pictures that lie there, on the device.
#pragma once

#include "core/async.h"
#include "embed/input.h"
#include "embed/monitor.h"
#include "layers/harmonizer/inference.h"

namespace attune {

class NetworkRun {
 public:
  // As InferenceGraph's constructors; the weights are packed, since a loaded model doesn't change. What goes in and comes out
  // lies on `outside`, the CPU or the context's device, with room for shares where pictures have ignored pixels. `monitor`,
  // which outlives the run, is asked while weights are packed and within long layers.
  NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
             std::int64_t pictures, Device outside, bool with_shares, const Monitor& monitor);
  // A tile's, with the outside of `whole`.
  NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& tile, const NetworkRun& whole,
             const Monitor& monitor);
  void tell(const NetworkRun& whole) { network_.tell(context_, whole.network_); }

  const PictureSize& size() const { return network_.size; }
  std::int64_t pictures() const { return network_.pictures; }
  std::int64_t arena_bytes() const { return network_.graph.arena_bytes(); }

  Device outside() const { return outside_; }

  bool has_shares() const { return !shares_.empty(); }
  // To the end, with which libraries have made all their plans.
  bool has_run() const { return has_run_; }

  // Of picture `index`: to be filled before run(), one after the other, and what it left.
  NetworkInput input(std::int64_t index) {
    return {outside_view(network_.composite, composite_).slice(index),
            outside_view(network_.mask, mask_).slice(index), shares_.view()};
  }
  TensorView result(std::int64_t index) const { return outside_view(network_.result, result_).slice(index); }

  // Asks the monitor before each layer, and advances it by `share` in all. Waits for the device where the result is copied.
  void run(Monitor& monitor, double share);

 private:
  void prepare(bool with_shares, const Monitor& monitor);
  bool copies() const { return context_.device() != outside_; }
  TensorView outside_view(ValueId value, const HostBuffer& twin) const {
    return copies() ? twin.view() : network_.graph.value(value);
  }

  Context& context_;
  Device outside_;
  InferenceGraph network_;
  HostBuffer composite_, mask_, result_;  // twins of these values, where they are copied
  Tensor shares_;                         // outside, of the picture that is filled in
  bool has_run_ = false;
};

}  // namespace attune
