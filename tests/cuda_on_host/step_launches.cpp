// The kernels that one training step launches, as a Markdown table: step_launches_on_host CONFIG.json [KEY=VALUE ..].
// Counted on the host's runtime in a step that is captured as a graph.
#include <cstdio>

#include "core/replay.h"
#include "kernels/norm/norm.h"
#include "optim/adamw.h"
#include "tests/cuda_on_host/control.h"
#include "tools/train/network.h"

namespace {

using namespace attune;

// A batch of grey pictures whose left half is the foreground: launches depend on no pixel.
tools::Batch grey_batch(const tools::TrainConfig& train) {
  tools::Batch batch;
  batch.composite = Tensor({train.batch, train.size, train.size, 3}, DType::f32);
  batch.real = Tensor({train.batch, train.size, train.size, 3}, DType::f32);
  batch.mask = Tensor({train.batch, train.size, train.size}, DType::f32);
  std::fill_n(batch.composite.as<float>(), batch.composite.view().elements(), 0.5f);
  std::fill_n(batch.real.as<float>(), batch.real.view().elements(), 0.6f);
  for (std::int64_t p = 0; p < batch.mask.view().elements(); ++p)
    batch.mask.as<float>()[p] = p % train.size < train.size / 2 ? 1.0f : 0.0f;
  return batch;
}

void print_launches(const tools::Config& config) {
  const Device device{DeviceKind::cuda, 0};
  Context context(device, 1);
  tools::TrainingNetwork network(context, config);
  AdamW optimizer(network.store(), AdamWOptions());
  Tensor gradient_norm({1}, DType::f32, device);
  tools::BatchFeed feed(device, network.inputs());
  Replay replay;
  for (std::int64_t step = 1; step <= 2; ++step) {  // the first one is not captured
    feed.start(grey_batch(config.train));
    feed.finish(context);
    cuda_on_host::reset_counters();
    replay.run(context, [&] {
      network.run(context, step);
      norm::forward(context, {network.store().gradients(), gradient_norm.view()});
      optimizer.step(context, network.store(), gradient_norm.view(), 0.001);
    });
    context.synchronize();
  }
  std::int64_t total = 0;
  std::puts("| kernel | launches |\n| --- | ---: |");
  for (const auto& [kernel, launches] : cuda_on_host::counters().launches) {
    std::printf("| %s | %lld |\n", kernel.c_str(), static_cast<long long>(launches));
    total += launches;
  }
  std::printf("| all | %lld |\n", static_cast<long long>(total));
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fputs("usage: step_launches_on_host CONFIG.json [KEY=VALUE ..]\n", stderr);
    return 2;
  }
  try {
    print_launches(tools::load_config(words[1], {words + 2, words + count}));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "step_launches_on_host: %s\n", error.what());
    return 1;
  }
}
