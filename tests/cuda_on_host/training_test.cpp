// A whole training step on CUDA, host code included: against the CPU backend, and as what a CUDA graph can hold.
#include <filesystem>

#include "tests/cuda_on_host/training_run.h"

namespace attune::test {
namespace {

constexpr std::int64_t batch_size = 2, size = 32;

Config configuration(const std::string& head, const std::string& reading, const std::string& activations) {
  const Json json = {
      {"model", {{"preset", "tiny"}, {"head", head}, {"activations", activations}}},
      {"train", {{"steps", 20}, {"batch", batch_size}, {"size", size}}},
      {"loss", {{"contrast", {{"weight", 0.01}, {"samples", 16}, {"width", 16}, {"reading", reading}}}}},
      {"optimizer", {{"lr", 0.002}, {"warmup_steps", 4}}}};
  return tools::parse_config(json, "test", std::filesystem::path());
}

Batch batch_of(std::int64_t step) { return make_batch(step, batch_size, size); }

TEST_CASE("20 steps of the tiny network on CUDA follow the CPU's") {
  if (!have_cuda_device()) return;
  const Config config = configuration("affine", "attract", "f32");
  Run cpu({}, config), cuda(cuda_device, config);
  for (std::int64_t step = 1; step <= 20; ++step) {
    INFO("step " << step);
    for (Run* run : {&cpu, &cuda}) run->enqueue(batch_of(step));
    if (step == 1) CHECK(relative_error(cuda.gradients(), cpu.gradients()) <= 1e-4);
    check_losses(cuda.step.finish(), cpu.step.finish(), 1e-3);
  }
}

// Later steps would differ, were the rounded weights those of the first.
TEST_CASE("steps in bf16 follow the CPU's") {
  if (!have_cuda_device()) return;
  Config config = configuration("affine", "attract", "bf16");
  config.optimizer.warmup_steps = 0;
  Run cpu({}, config), cuda(cuda_device, config);
  for (std::int64_t step = 1; step <= 3; ++step) {
    INFO("step " << step);
    for (Run* run : {&cpu, &cuda}) run->enqueue(batch_of(1));
    check_losses(cuda.step.finish(), cpu.step.finish(), 1e-2);
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
        for (Run* run : {&cpu, &cuda}) run->enqueue(batch_of(1));
        CHECK(relative_error(cuda.gradients(), cpu.gradients()) <= (narrow ? 5e-2 : 1e-4));
        check_losses(cuda.step.finish(), cpu.step.finish(), narrow ? 1e-2 : 1e-3);
      }
}

TEST_CASE("batches go up while the step before runs, and each step reads its own") {
  if (!have_cuda_device()) return;
  const Config config = configuration("affine", "attract", "f32");
  for_each_schedule(2, [&] {
    Run ahead(cuda_device, config), waiting(cuda_device, config);
    ahead.step.feed(batch_of(1));
    for (std::int64_t step = 1; step <= 3; ++step) {
      ahead.step.enqueue(step);
      ahead.step.feed(batch_of(step + 1));
      waiting.enqueue(batch_of(step));
      waiting.context.synchronize();
      CHECK(ahead.step.finish().total == waiting.step.finish().total);
    }
  });
}

#ifdef ATTUNE_CUDA_ON_HOST
// Without the store's rounded weights every product would round its own.
TEST_CASE("a step in bf16 rounds all weights in one launch") {
  Run run(cuda_device, configuration("affine", "attract", "bf16"));
  cuda_on_host::reset_counters();
  run.enqueue(batch_of(1));
  run.step.finish();
  std::int64_t launches = 0;
  for (const auto& [kernel, count] : cuda_on_host::counters().launches)
    if (kernel.find("combine_kernel<float, attune::bfloat16") != std::string::npos) launches += count;
  CHECK(launches == 1);
}

TEST_CASE("a training step neither allocates nor makes the host wait") {
  const Config config = configuration("affine", "attract", "f32");
  Run run(cuda_device, config);
  for (std::int64_t step = 1; step <= 2; ++step) {  // the first one is not captured
    run.enqueue(batch_of(step));
    run.step.finish();
  }
  run.step.feed(batch_of(3));
  cuda_on_host::reset_counters();
  run.step.enqueue(3);
  const cuda_on_host::Counters counters = cuda_on_host::counters();
  CHECK(counters.graph_launches == 1);
  CHECK(counters.allocations == 0);
  CHECK(counters.synchronizations == 0);
  CHECK(counters.pageable_copies == 0);
  CHECK(!counters.launches.empty());
  run.step.finish();
}
#endif

}  // namespace
}  // namespace attune::test
