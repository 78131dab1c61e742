#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/blend_output/blend_output.h"
#include "tests/kernels/blend_output_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor h, image, mask, dy, y, dh;

  Problem(const test::BlendOutputCase& c, DType dtype)
      : h(random_tensor(c.h(), dtype, 1)),
        image(random_tensor(c.image, DType::f32, 2)),
        mask(disc_mask(c.image[0], c.image[1], c.image[2])),
        dy(random_tensor(c.image, DType::f32, 3)),
        y(c.image, DType::f32, device()),
        dh(c.h(), dtype, device()) {}

  void forward(Context& context) {
    blend_output::forward(context, {h.view(), image.view(), mask.view(), y.view()});
  }
  void backward(Context& context) {
    blend_output::backward(context, {h.view(), image.view(), mask.view(), dy.view(), dh.view()});
  }
};

void add_rows(const test::BlendOutputCase& c, DType dtype) {
  add_row(row_name("blend_output", "forward", dtype, c.image), blend_output::forward_cost(c.image, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] { problem->forward(context); };
          });
  add_row(row_name("blend_output", "backward", dtype, c.image),
          blend_output::backward_cost(c.h(), c.image, dtype), [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] { problem->backward(context); };
          });
}

std::int64_t bytes(const test::BlendOutputCase& c) {
  return blend_output::forward_cost(c.image, DType::f32).bytes;
}

const Rows rows([] {
  for (const test::BlendOutputCase& c :
       with_sweep_or_gpu_map(test::blend_output_network_cases(), test::blend_output_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
});

}  // namespace
}  // namespace attune::bench
