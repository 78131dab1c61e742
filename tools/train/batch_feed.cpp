#include "tools/train/batch_feed.h"

#include <cstring>

namespace attune::tools {

BatchFeed::BatchFeed(Device device, const BatchViews& target)
    : copies_(device, 1), uploaded_(device), consumed_(device) {
  const std::array<TensorView, 3> targets = {target.composite, target.real, target.mask};
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const TensorView& view = targets[i];
    lanes_[i].host = HostBuffer(view.shape, view.dtype, device);
    if (device.kind != DeviceKind::cpu) lanes_[i].device = Tensor(view.shape, view.dtype, device);
    lanes_[i].target = view;
  }
}

void BatchFeed::start(const Batch& batch) {
  const std::array<const Tensor*, 3> pictures = {&batch.composite, &batch.real, &batch.mask};
  uploaded_.synchronize();       // the page-locked memory is free again
  consumed_.hold_back(copies_);  // and so will be the device's
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const TensorView host = lanes_[i].host.view();
    std::memcpy(host.data, pictures[i]->view().data, static_cast<std::size_t>(host.bytes()));
    if (!lanes_[i].device.empty()) copy_async(copies_, lanes_[i].device.view(), host);
  }
  uploaded_.record(copies_);
}

void BatchFeed::finish(Context& context) {
  uploaded_.hold_back(context);
  for (Lane& lane : lanes_)
    copy_async(context, lane.target, lane.device.empty() ? lane.host.view() : lane.device.view());
  consumed_.record(context);
}

}  // namespace attune::tools
