// A planned network on a device, with what goes in and comes out in CPU memory or, for pictures that lie there, on the device.
#pragma once

#include "core/async.h"
#include "embed/monitor.h"
#include "layers/harmonizer/inference.h"

namespace attune {

class NetworkRun {
 public:
  // As InferenceGraph's constructors; the weights are packed, since a loaded model doesn't change. What goes in and comes out
  // lies on `outside`, the CPU or the context's device; of a tile on the CPU.
  NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
             std::int64_t pictures, Device outside);
  NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& tile,
             const NetworkRun& whole);

  const PictureSize& size() const { return network_.size; }
  std::int64_t pictures() const { return network_.pictures; }
  std::int64_t arena_bytes() const { return network_.graph.arena_bytes(); }

  Device outside() const { return outside_; }

  // Of picture `index`: to be filled before run(), and what it left.
  TensorView composite(std::int64_t index) const {
    return outside_view(network_.composite, composite_).slice(index);
  }
  TensorView mask(std::int64_t index) const { return outside_view(network_.mask, mask_).slice(index); }
  TensorView result(std::int64_t index) const { return outside_view(network_.result, result_).slice(index); }

  // Asks the monitor before each layer, and advances it by `share` in all. Waits for the device where the result is copied.
  void run(Monitor& monitor, double share);

 private:
  void prepare();
  bool copies() const { return context_.device() != outside_; }
  TensorView outside_view(ValueId value, const HostBuffer& twin) const {
    return copies() ? twin.view() : network_.graph.value(value);
  }

  Context& context_;
  Device outside_;
  InferenceGraph network_;
  HostBuffer composite_, mask_, result_;  // twins of these values, where they are copied
};

}  // namespace attune
