// A planned network on a device, with what goes in and comes out in CPU memory.
#pragma once

#include "core/async.h"
#include "embed/monitor.h"
#include "layers/harmonizer/inference.h"

namespace attune {

class NetworkRun {
 public:
  // As InferenceGraph's constructors; the weights are packed, since a loaded model doesn't change.
  NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
             std::int64_t pictures);
  NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& tile,
             const NetworkRun& whole);

  const PictureSize& size() const { return network_.size; }
  std::int64_t pictures() const { return network_.pictures; }
  std::int64_t arena_bytes() const { return network_.graph.arena_bytes(); }

  // Of picture `index`, in CPU memory: to be filled before run(), and what it left.
  TensorView composite(std::int64_t index) const {
    return on_host(network_.composite, composite_).slice(index);
  }
  TensorView mask(std::int64_t index) const { return on_host(network_.mask, mask_).slice(index); }
  TensorView result(std::int64_t index) const { return on_host(network_.result, result_).slice(index); }

  // Asks the monitor before each layer, and advances it by `share` in all.
  void run(Monitor& monitor, double share);

 private:
  void prepare();
  bool on_device() const { return context_.device().kind != DeviceKind::cpu; }
  // The value itself where it lies on the CPU.
  TensorView on_host(ValueId value, const HostBuffer& twin) const {
    return on_device() ? twin.view() : network_.graph.value(value);
  }

  Context& context_;
  InferenceGraph network_;
  HostBuffer composite_, mask_, result_;  // twins of these values; empty on the CPU
};

}  // namespace attune
