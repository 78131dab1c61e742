#include "optim/adamw.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>

#include "core/philox.h"
#include "core/safetensors.h"
#include "kernels/adamw/adamw.h"
#include "kernels/norm/norm.h"
#include "tests/tools/temporary_folder.h"

namespace attune::test {

namespace {

std::vector<char> bytes_of(const ConstTensorView& view) {
  std::vector<char> bytes(static_cast<std::size_t>(view.bytes()));
  std::memcpy(bytes.data(), view.data, bytes.size());
  return bytes;
}

std::vector<float> values_of(const ConstTensorView& view) {
  const auto* data = view.as<float>();
  return {data, data + view.elements()};
}

// A matrix that decays and a bias that does not, with an optimizer. The loss is half the squared distance of every
// weight to 1, seen through noise that is a pure function of the step, as a sampled batch is.
struct Run {
  Context context{Device{}, 2};
  ParameterStore store;
  std::unique_ptr<AdamW> optimizer;
  Tensor norm{{1}, DType::f32};

  explicit Run(const AdamWOptions& options) {
    store.add("weights", {37, 19}, Initializer::he_normal(19, 0.2f), true);
    store.add("bias", {37}, Initializer::constant(0.5f), false);
    store.allocate(Device{}, 3);
    optimizer = std::make_unique<AdamW>(store, options);
  }

  void fill_gradients(float noise) {
    PhiloxStream random(5, static_cast<std::uint32_t>(optimizer->steps()));
    for (std::int64_t i = 0; i < store.count(); ++i)
      store.gradients().as<float>()[i] =
          store.values().as<float>()[i] - 1 + noise * (random.uniform() - 0.5f);
  }
  void step(double learning_rate, float noise = 0.1f) {
    fill_gradients(noise);
    norm::forward(context, {store.gradients(), norm.view()});
    optimizer->step(context, store, norm.view(), learning_rate);
  }

  // Everything that a restored run starts from.
  std::vector<NamedState> state() {
    std::vector<NamedState> all = optimizer->state();
    all.push_back({"parameters", store.values()});
    return all;
  }
  std::vector<std::vector<char>> bits() {
    std::vector<std::vector<char>> all;
    for (const NamedState& part : state()) all.push_back(bytes_of(part.view));
    return all;
  }
  double largest_distance() {
    double largest = 0;
    for (const float value : values_of(store.values()))
      largest = std::max(largest, std::fabs(static_cast<double>(value) - 1));
    return largest;
  }
};

AdamWOptions clipped() {
  AdamWOptions options;
  options.max_norm = 1;
  return options;
}

}  // namespace

TEST_CASE("AdamW finds the minimum") {
  AdamWOptions options = clipped();
  options.weight_decay = 0;
  Run run(options);
  const double start = run.largest_distance();
  for (int step = 0; step < 300; ++step) run.step(0.05, 0);
  CHECK(start > 0.9);
  CHECK(run.largest_distance() < 0.01);
}

TEST_CASE("AdamW decays the weights that decay, and only those") {
  AdamWOptions options;
  options.weight_decay = 0.5;
  Run run(options);
  const std::vector<float> before = values_of(run.store.values());
  *run.norm.as<float>() = 0;  // the store's gradients are still 0
  run.optimizer->step(run.context, run.store, run.norm.view(), 0.1);
  const std::vector<float> after = values_of(run.store.values());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool decays = static_cast<std::int64_t>(i) < run.store.decayed();
    CHECK(after[i] == Approx(before[i] * (decays ? 0.95f : 1.0f)));
  }
  CHECK(run.store.decayed() == 37 * 19);
}

TEST_CASE("AdamW hands every option to the kernel") {
  AdamWOptions options;
  options.beta1 = 0.8;
  options.beta2 = 0.95;
  options.eps = 1e-3;
  options.weight_decay = 0.3;
  options.max_norm = 0.7;
  options.ema_decay = 0.5;
  Run run(options), by_hand(options);
  const std::vector<NamedState> state = by_hand.optimizer->state();
  for (std::int64_t t = 1; t <= 12; ++t) {
    run.step(0.01);
    by_hand.optimizer->set_steps(t - 1);
    by_hand.fill_gradients(0.1f);
    norm::forward(by_hand.context, {by_hand.store.gradients(), by_hand.norm.view()});
    // The average's decay: 2/11, 3/12 .. 1/2 from the eighth step on.
    const double ema_decay = t < 8 ? static_cast<double>(1 + t) / static_cast<double>(10 + t) : 0.5;
    adamw::step(by_hand.context,
                {by_hand.store.values(), by_hand.store.gradients(), state[0].view, state[1].view,
                 state[2].view, by_hand.norm.view()},
                {0.01, 0.8, 0.95, 1e-3, 0.3, t, 0.7, ema_decay, 37 * 19});
    CHECK(run.bits() == by_hand.bits());
  }
  CHECK(run.optimizer->steps() == 12);
}

TEST_CASE("AdamW's average starts at the weights and follows them") {
  Run run(clipped());
  CHECK(bytes_of(run.optimizer->average()) == bytes_of(run.store.values()));
  for (int step = 0; step < 5; ++step) run.step(0.01);
  CHECK(bytes_of(run.optimizer->average()) != bytes_of(run.store.values()));
  const std::vector<float> average = values_of(run.optimizer->average()),
                           weights = values_of(run.store.values());
  double distance = 0;
  for (std::size_t i = 0; i < weights.size(); ++i)
    distance =
        std::max(distance, std::fabs(static_cast<double>(average[i]) - static_cast<double>(weights[i])));
  CHECK(distance < 0.05);
}

TEST_CASE("AdamW goes on with the same bits from a saved state") {
  const tools::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "state.safetensors";
  Run whole(clipped());
  for (int step = 0; step < 5; ++step) whole.step(0.01);
  std::vector<NamedTensorView> saved;
  for (const NamedState& part : whole.state()) saved.push_back({part.name, part.view});
  write_safetensors(file, saved, {});

  Run restored(clipped());
  const SafetensorsFile loaded = read_safetensors(file);
  for (const NamedState& part : restored.state()) {
    const Tensor& tensor = loaded.tensors.at(part.name);
    copy_bytes(part.view.data, Device{}, tensor.view().data, Device{}, part.view.bytes());
  }
  restored.optimizer->set_steps(whole.optimizer->steps());
  CHECK(restored.bits() == whole.bits());
  for (int step = 0; step < 5; ++step) {
    whole.step(0.01);
    restored.step(0.01);
  }
  CHECK(restored.bits() == whole.bits());
}

TEST_CASE("AdamW leaves everything as it is where the gradients are not finite") {
  Run run(clipped());
  run.step(0.01);
  const auto before = run.bits();
  run.step(0.01, INFINITY);
  CHECK(run.bits() == before);
  CHECK(run.optimizer->steps() == 2);
  run.step(0.01);
  CHECK(run.bits() != before);
  CHECK(std::isfinite(run.largest_distance()));
}

TEST_CASE("AdamW wants parameters that are allocated in f32") {
  for (const bool allocated : {false, true}) {
    ParameterStore store;
    store.add("weights", {3}, Initializer::constant(1), true);
    if (allocated) store.allocate(Device{}, 1, DType::f64);
    try {
      const AdamW optimizer(store, {});
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::internal);
    }
  }
}

}  // namespace attune::test
