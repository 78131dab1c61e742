#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/pack_input/pack_input.h"
#include "tests/kernels/pack_input_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor picture, mask, x, dx, dpicture;

  Problem(const test::PackInputCase& c, DType dtype)
      : picture(random_tensor(c.picture, DType::f32, 1)),
        mask(disc_mask(c.picture[0], c.picture[1], c.picture[2])),
        x(c.x(), dtype, device()),
        dx(random_tensor(c.x(), dtype, 2)),
        dpicture(c.picture, DType::f32, device()) {}
};

void add_rows(const test::PackInputCase& c, DType dtype) {
  add_row(
      row_name("pack_input", "forward", dtype, c.x()), pack_input::forward_cost(c.picture, c.x(), dtype),
      [=](Context& context) {
        const auto problem = std::make_shared<Problem>(c, dtype);
        return [problem, &context] {
          pack_input::forward(context, {problem->picture.view(), problem->mask.view(), problem->x.view()});
        };
      });
  add_row(row_name("pack_input", "backward", dtype, c.x()),
          pack_input::backward_cost(c.picture, c.x(), dtype), [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c, dtype);
            return [problem, &context] {
              pack_input::backward(context, {problem->dx.view(), problem->dpicture.view()});
            };
          });
}

std::int64_t bytes(const test::PackInputCase& c) {
  return pack_input::forward_cost(c.picture, c.x(), DType::f32).bytes;
}

const Rows rows([] {
  for (const test::PackInputCase& c :
       with_sweep_or_gpu_map(test::pack_input_network_cases(), test::pack_input_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
});

}  // namespace
}  // namespace attune::bench
