#include "embed/network_run.h"

namespace attune {

NetworkRun::NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
                       std::int64_t pictures, Device outside)
    : context_(context), outside_(outside), network_(context, harmonizer, network, pictures) {
  prepare();
}

NetworkRun::NetworkRun(Context& context, const Harmonizer& harmonizer, const PictureSize& tile,
                       const NetworkRun& whole)
    : context_(context), network_(context, harmonizer, tile, whole.network_) {
  prepare();
}

void NetworkRun::prepare() {
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
  if (!copies()) return;
  copy_async(context_, result_.view(), network_.graph.value(network_.result));
  context_.synchronize();
}

}  // namespace attune
