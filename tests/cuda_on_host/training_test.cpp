// A whole training step on CUDA, host code included: against the CPU backend, and as what a CUDA graph can hold.
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "core/replay.h"
#include "kernels/norm/norm.h"
#include "optim/adamw.h"
#include "tests/cuda_on_host/schedule.h"
#include "tests/support/compare.h"
#include "tests/support/inputs.h"
#include "tools/train/network.h"

namespace attune::test {
namespace {

using tools::Batch;
using tools::BatchFeed;
using tools::Config;
using tools::LossValues;
using tools::TrainingNetwork;

constexpr std::int64_t batch_size = 2, size = 32;

Config configuration(const std::string& head, const std::string& reading, const std::string& activations) {
  const Json json = {
      {"model", {{"preset", "tiny"}, {"head", head}, {"activations", activations}}},
      {"train", {{"steps", 20}, {"batch", batch_size}, {"size", size}}},
      {"loss", {{"contrast", {{"weight", 0.01}, {"samples", 16}, {"width", 16}, {"reading", reading}}}}},
      {"optimizer", {{"lr", 0.002}, {"warmup_steps", 4}}}};
  return tools::parse_config(json, "test", std::filesystem::path());
}

// Pictures of smooth noise, the composite's foreground darker than the photograph's; the masks are rectangles, the
// second step's first one empty.
Batch make_batch(std::int64_t step) {
  Batch batch;
  batch.step = step;
  batch.composite = Tensor({batch_size, size, size, 3}, DType::f32);
  batch.real = Tensor({batch_size, size, size, 3}, DType::f32);
  batch.mask = Tensor({batch_size, size, size}, DType::f32);
  const std::vector<double> noise =
      make_values(Values::random, batch.real.shape().elements(), 100 + static_cast<std::uint64_t>(step));
  for (std::int64_t p = 0; p < batch_size * size * size; ++p) {
    const std::int64_t image = p / (size * size), row = p / size % size, column = p % size;
    const bool inside = row > 4 && row < 20 && column > 6 + image && column < 25;
    const float m = inside && !(step == 2 && image == 0) ? 1.0f : 0.0f;
    batch.mask.as<float>()[p] = m;
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto i = static_cast<std::size_t>(3 * p + c);
      const auto wave = static_cast<float>(0.5 + 0.3 * std::sin(0.3 * static_cast<double>(row + 2 * c)) +
                                           0.05 * std::tanh(noise[i]));
      batch.real.as<float>()[i] = wave;
      batch.composite.as<float>()[i] = wave - 0.2f * m * static_cast<float>(c + 1) / 3;
    }
  }
  return batch;
}

// What Trainer does with a network, without its files and pictures.
struct Run {
  explicit Run(Device device, const Config& config)
      : context(device, 1),
        network(context, config),
        optimizer(network.store(), AdamWOptions()),
        gradient_norm({1}, DType::f32, device),
        feed(device, network.inputs()),
        losses(network.graph().loss_values().shape, DType::f32, device),
        done(device) {}

  void enqueue(std::int64_t step) {
    feed.finish(context);
    replay.run(context, [&] {
      network.run(context, step);
      norm::forward(context, {network.store().gradients(), gradient_norm.view()});
      optimizer.step(context, network.store(), gradient_norm.view(), 0.002);
      copy_async(context, losses.view(), network.graph().loss_values());
    });
    done.record(context);
  }
  LossValues finish() {
    done.synchronize();
    return network.losses(losses.view());
  }
  std::vector<double> gradients() {
    context.synchronize();
    Tensor host(network.store().gradients().shape, DType::f32);
    copy_bytes(host.view().data, Device{}, network.store().gradients().data, context.device(),
               host.view().bytes());
    return {host.as<float>(), host.as<float>() + host.view().elements()};
  }

  Context context;
  TrainingNetwork network;
  AdamW optimizer;
  Tensor gradient_norm;
  BatchFeed feed;
  Replay replay;
  HostBuffer losses;
  Event done;
};

void check_losses(const LossValues& actual, const LossValues& expected, double tolerance) {
  CHECK(actual.total == Approx(expected.total).epsilon(tolerance));
  CHECK(actual.reconstruction == Approx(expected.reconstruction).epsilon(tolerance));
  CHECK(actual.contrast == Approx(expected.contrast).epsilon(tolerance));
}

TEST_CASE("20 steps of the tiny network on CUDA follow the CPU's") {
  if (!have_cuda_device()) return;
  const Config config = configuration("affine", "attract", "f32");
  Run cpu({}, config), cuda(cuda_device, config);
  for (std::int64_t step = 1; step <= 20; ++step) {
    INFO("step " << step);
    for (Run* run : {&cpu, &cuda}) {
      run->feed.start(make_batch(step));
      run->enqueue(step);
    }
    if (step == 1) CHECK(relative_error(cuda.gradients(), cpu.gradients()) <= 1e-4);
    check_losses(cuda.finish(), cpu.finish(), 1e-3);
  }
}

TEST_CASE("a step of every head, reading and dtype on CUDA has the CPU's gradients") {
  if (!have_cuda_device()) return;
  for (const char* head : {"affine", "blend"})
    for (const char* reading : {"attract", "aligned", "literal"})
      for (const char* activations : {"f32", "bf16"}) {
        INFO(head << ", " << reading << ", " << activations);
        const bool narrow = std::string(activations) == "bf16";
        const Config config = configuration(head, reading, activations);
        Run cpu({}, config), cuda(cuda_device, config);
        for (Run* run : {&cpu, &cuda}) {
          run->feed.start(make_batch(1));
          run->enqueue(1);
        }
        CHECK(relative_error(cuda.gradients(), cpu.gradients()) <= (narrow ? 5e-2 : 1e-4));
        check_losses(cuda.finish(), cpu.finish(), narrow ? 1e-2 : 1e-3);
      }
}

TEST_CASE("batches go up while the step before runs, and each step reads its own") {
  if (!have_cuda_device()) return;
  const Config config = configuration("affine", "attract", "f32");
  for_each_schedule(2, [&] {
    Run ahead(cuda_device, config), waiting(cuda_device, config);
    ahead.feed.start(make_batch(1));
    for (std::int64_t step = 1; step <= 3; ++step) {
      ahead.enqueue(step);
      ahead.feed.start(make_batch(step + 1));
      waiting.feed.start(make_batch(step));
      waiting.enqueue(step);
      waiting.context.synchronize();
      CHECK(ahead.finish().total == waiting.finish().total);
    }
  });
}

#ifdef ATTUNE_CUDA_ON_HOST
TEST_CASE("a training step neither allocates nor makes the host wait") {
  const Config config = configuration("affine", "attract", "f32");
  Run run(cuda_device, config);
  for (std::int64_t step = 1; step <= 2; ++step) {  // the first one is not captured
    run.feed.start(make_batch(step));
    run.enqueue(step);
    run.finish();
  }
  run.feed.start(make_batch(3));
  cuda_on_host::reset_counters();
  run.enqueue(3);
  const cuda_on_host::Counters counters = cuda_on_host::counters();
  CHECK(counters.graph_launches == 1);
  CHECK(counters.allocations == 0);
  CHECK(counters.synchronizations == 0);
  CHECK(counters.pageable_copies == 0);
  CHECK(!counters.launches.empty());
  run.finish();
}
#endif

}  // namespace
}  // namespace attune::test
