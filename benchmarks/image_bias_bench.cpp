#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/image_bias/image_bias.h"
#include "tests/kernels/image_bias_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor x, bias, y, dy, dx, dbias;

  Problem(const test::ImageBiasCase& c, DType dtype)
      : x(random_tensor(c.map, dtype, 1)),
        bias(random_tensor(c.bias(), DType::f32, 2)),
        y(c.map, dtype, device()),
        dy(random_tensor(c.map, dtype, 3)),
        dx(c.map, dtype, device()),
        dbias(c.bias(), DType::f32, device()) {}
};

void add_rows(const test::ImageBiasCase& c, DType dtype) {
  add_row(row_name("image_bias", "forward", dtype, c.map), image_bias::forward_cost(c.map, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] {
              image_bias::forward(context, {problem->x.view(), problem->bias.view(), problem->y.view()});
            };
          });
  add_row(row_name("image_bias", "backward", dtype, c.map), image_bias::backward_cost(c.map, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] {
              image_bias::Backward arguments;
              arguments.dy = problem->dy.view();
              arguments.dx = problem->dx.view();
              arguments.dbias = problem->dbias.view();
              image_bias::backward(context, arguments);
            };
          });
}

std::int64_t bytes(const test::ImageBiasCase& c) { return image_bias::forward_cost(c.map, DType::f32).bytes; }

const Rows rows([] {
  for (const test::ImageBiasCase& c :
       with_sweep_or_gpu_map(test::image_bias_network_cases(), test::image_bias_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
});

}  // namespace
}  // namespace attune::bench
