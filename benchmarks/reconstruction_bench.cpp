#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/reconstruction/reconstruction.h"
#include "tests/kernels/reconstruction_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor prediction, target, mask, loss, per_image, area, dloss, dprediction;
  reconstruction::Options options;

  explicit Problem(const test::ReconstructionCase& c)
      : prediction(random_tensor({c.batch, c.height, c.width, 3}, DType::f32, 1)),
        target(random_tensor(prediction.shape(), DType::f32, 2)),
        mask(disc_mask(c.batch, c.height, c.width)),
        loss({1}, DType::f32, device()),
        per_image({c.batch}, DType::f32, device()),
        area({c.batch}, DType::f32, device()),
        dloss(random_tensor({1}, DType::f32, 3)),
        dprediction(prediction.shape(), DType::f32, device()) {
    options.penalty = c.penalty;
  }

  void forward(Context& context) {
    reconstruction::forward(
        context, {prediction.view(), target.view(), mask.view(), loss.view(), per_image.view(), area.view()},
        options);
  }
  void backward(Context& context) {
    reconstruction::backward(context,
                             {prediction.view(), target.view(), per_image.view(), area.view(), dloss.view(),
                              dprediction.view(), GradientMode::overwrite},
                             options);
  }
};

std::int64_t bytes(const test::ReconstructionCase& c) {
  return reconstruction::forward_cost({c.batch, c.height, c.width, 3}, DType::f32).bytes;
}

const Rows rows([] {
  for (const test::ReconstructionCase& c :
       with_sweep_or_gpu_map(test::reconstruction_cases(), test::reconstruction_case_at, bytes)) {
    if (!c.timed) continue;
    const Shape shape{c.batch, c.height, c.width, 3};
    const auto row = [&](const char* direction) {
      return row_name("reconstruction", direction, DType::f32, shape);
    };
    add_row(row("forward"), reconstruction::forward_cost(shape, DType::f32), [c](Context& context) {
      const auto problem = std::make_shared<Problem>(c);
      return [problem, &context] { problem->forward(context); };
    });
    add_row(row("backward"), reconstruction::backward_cost(shape, DType::f32), [c](Context& context) {
      const auto problem = std::make_shared<Problem>(c);
      problem->forward(context);
      return [problem, &context] { problem->backward(context); };
    });
  }
});

}  // namespace
}  // namespace attune::bench
