#include <memory>
#include <utility>
#include <vector>

#include "benchmarks/bench_support.h"
#include "benchmarks/style_fusion_work.h"
#include "tests/kernels/style_fusion_cases.h"

namespace attune::bench {
namespace {

// The work, and random inputs for it.
struct Problem {
  std::vector<Tensor> inputs;
  StyleFusionWork work;

  Problem(const Shape& shape, DType dtype) : work(make(shape, dtype)) {}

  StyleFusionInputs make(const Shape& shape, DType dtype) {
    const Shape per_image{shape[0], shape[3]}, per_channel{shape[3]};
    return {random(shape, dtype),
            keep(disc_mask(shape[0], shape[1], shape[2])),
            random(per_image, DType::f32),
            random(per_image, DType::f32),
            random(per_channel, DType::f32),
            random(per_channel, DType::f32),
            random(per_channel, DType::f32),
            random(per_channel, DType::f32),
            random(per_channel, DType::f32),
            random(shape, dtype)};
  }
  ConstTensorView random(const Shape& shape, DType dtype) {
    return keep(random_tensor(shape, dtype, inputs.size() + 1));
  }
  ConstTensorView keep(Tensor tensor) {
    inputs.push_back(std::move(tensor));
    return inputs.back().view();
  }
};

void add_rows(const Shape& shape, DType dtype) {
  add_row(row_name("style_fusion", "forward", dtype, shape), style_fusion::forward_cost(shape, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(shape, dtype);
            return [problem, &context] { problem->work.forward(context); };
          });
  add_row(row_name("style_fusion", "backward", dtype, shape), style_fusion::backward_cost(shape, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(shape, dtype);
            problem->work.forward(context);
            return [problem, &context] { problem->work.backward(context); };
          });
}

std::int64_t bytes(const test::StyleFusionCase& c) {
  return style_fusion::forward_cost(c.x, DType::f32).bytes;
}

const Rows rows([] {
  for (const test::StyleFusionCase& c :
       with_sweep_or_gpu_map(test::style_fusion_network_cases(), test::style_fusion_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c.x, dtype);
});

}  // namespace
}  // namespace attune::bench
