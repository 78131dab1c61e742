// Training steps for the tests that compare devices, on made pictures.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/cuda_on_host/schedule.h"
#include "tests/support/compare.h"
#include "tests/support/inputs.h"
#include "tools/train/training_step.h"

namespace attune::test {

using tools::Batch;
using tools::Config;
using tools::LossValues;
using tools::TrainingStep;

// Pictures of smooth noise, the composite's foreground darker than the photograph's; the masks are rectangles, the
// second step's first one empty.
inline Batch make_batch(std::int64_t step, std::int64_t batch_size, std::int64_t size) {
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

// A step with a context of its own.
struct Run {
  Run(Device device, const Config& config) : context(device, 1), step(context, config) {}

  void enqueue(const Batch& batch) {
    step.feed(batch);
    step.enqueue(batch.step);
  }
  std::vector<double> gradients() {
    context.synchronize();
    const TensorView flat = step.network().store().gradients();
    Tensor host(flat.shape, DType::f32);
    copy_bytes(host.view().data, Device{}, flat.data, context.device(), flat.bytes());
    return {host.as<float>(), host.as<float>() + flat.elements()};
  }

  Context context;
  TrainingStep step;
};

inline void check_losses(const LossValues& actual, const LossValues& expected, double tolerance) {
  CHECK(actual.total == Approx(expected.total).epsilon(tolerance));
  CHECK(actual.reconstruction == Approx(expected.reconstruction).epsilon(tolerance));
  CHECK(actual.contrast == Approx(expected.contrast).epsilon(tolerance));
}

}  // namespace attune::test
