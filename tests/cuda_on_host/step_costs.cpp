// What one training step costs, in two Markdown tables: step_costs_on_host CONFIG.json [KEY=VALUE ..].
// The kernels that it launches, counted on the host's runtime in a step that is captured as a graph; the bytes and
// flops that its layers cannot avoid, from their cost().
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "tests/cuda_on_host/control.h"
#include "tools/train/training_step.h"

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

// Of one picture: the batch changes no number.
std::map<std::string, std::int64_t> count_launches(tools::Config config) {
  config.train.batch = 1;
  Context context({DeviceKind::cuda, 0}, 1);
  tools::TrainingStep step(context, config);
  for (std::int64_t number = 1; number <= 2; ++number) {  // the first one is not captured
    step.feed(grey_batch(config.train));
    cuda_on_host::reset_counters();
    step.enqueue(number);
    context.synchronize();
  }
  return cuda_on_host::counters().launches;
}

void print_launches(const std::map<std::string, std::int64_t>& launches) {
  std::int64_t total = 0;
  std::puts("| kernel | launches |\n| --- | ---: |");
  for (const auto& [kernel, count] : launches) {
    std::printf("| %s | %lld |\n", kernel.c_str(), static_cast<long long>(count));
    total += count;
  }
  std::printf("| all | %lld |\n", static_cast<long long>(total));
}

struct Sum {
  std::int64_t passes = 0;
  Cost cost;
};

void print_row(const std::string& name, const Sum& sum) {
  std::printf("| %s | %lld | %.1f | %.3f |\n", name.c_str(), static_cast<long long>(sum.passes),
              static_cast<double>(sum.cost.bytes) / 1e6, static_cast<double>(sum.cost.flops) / 1e9);
}

// Per kind of layer and direction.
void print_costs(const tools::TrainingStep& step) {
  std::map<std::string, Sum> rows;
  for (const Pass& pass : step.passes()) {
    Sum& row = rows[text(pass.kind, " ", pass.direction)];
    ++row.passes;
    row.cost = row.cost + pass.cost;
  }
  Sum total;
  std::puts("\n| pass | times | MB | GFLOP |\n| --- | ---: | ---: | ---: |");
  for (const auto& [name, row] : rows) {
    print_row(name, row);
    total = {total.passes + row.passes, total.cost + row.cost};
  }
  print_row("all", total);
}

void print_step(const tools::Config& config) {
  print_launches(count_launches(config));
  Context context({}, 1);
  print_costs(tools::TrainingStep(context, config));
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fputs("usage: step_costs_on_host CONFIG.json [KEY=VALUE ..]\n", stderr);
    return 2;
  }
  try {
    print_step(tools::load_config(words[1], {words + 2, words + count}));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "step_costs_on_host: %s\n", error.what());
    return 1;
  }
}
