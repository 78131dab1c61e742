#include "embed/network_run.h"

#include "kernels/fill_ignored/fill_ignored.h"

namespace attune {

NetworkRun::NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
                       std::int64_t pictures, Device outside, bool with_shares, const Monitor& monitor)
    : context_(context), outside_(outside), network_(context, harmonizer, network, pictures) {
  prepare(with_shares, monitor);
}

NetworkRun::NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& tile,
                       const NetworkRun& whole, const Monitor& monitor)
    : context_(context), outside_(whole.outside_), network_(context, harmonizer, tile, whole.network_) {
  prepare(whole.has_shares(), monitor);
}

void NetworkRun::prepare(bool with_shares, const Monitor& monitor) {
  if (with_shares) {
    shares_ = Tensor({network_.size.height, network_.size.width}, DType::f32, outside_, context_.allocator());
    context_.workspace(fill_ignored::workspace_bytes(shares_.shape()[0], shares_.shape()[1], outside_));
  }
  network_.graph.pause = [&monitor] { monitor.ask(); };
  network_.graph.touch_memory(context_);
  network_.graph.pack_parameters(context_);
  if (!copies()) return;
  const auto twin_of = [&](ValueId value) {
    const TensorSpec& spec = network_.graph.spec(value);
    return HostBuffer(spec.shape, spec.dtype, context_.device());
  };
  composite_ = twin_of(network_.composite);
  mask_ = twin_of(network_.mask);
  result_ = twin_of(network_.result);
}

void NetworkRun::run(Monitor& monitor, double share) {
  if (copies()) {
    copy_async(context_, network_.graph.value(network_.composite), composite_.view());
    copy_async(context_, network_.graph.value(network_.mask), mask_.view());
  }
  const double pass_share = share / static_cast<double>(network_.passes);
  network_.graph.observer = [&](const Pass&, const std::function<void()>& run_pass) {
    monitor.ask();
    run_pass();
    monitor.advance(pass_share);
  };
  network_.graph.forward(context_);
  has_run_ = true;
  if (!copies()) return;
  copy_async(context_, result_.view(), network_.graph.value(network_.result));
  context_.synchronize();
}

}  // namespace attune
