#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/masked_style/masked_style.h"
#include "tests/kernels/masked_style_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor x, mask, mean, sd, weight, dmean, dsd, dx;

  Problem(const Shape& shape, DType dtype)
      : x(random_tensor(shape, dtype, 1)),
        mask(disc_mask(shape[0], shape[1], shape[2])),
        mean(style(shape), DType::f32, device()),
        sd(style(shape), DType::f32, device()),
        weight({2, shape[0]}, DType::f32, device()),
        dmean(random_tensor(style(shape), DType::f32, 2)),
        dsd(random_tensor(style(shape), DType::f32, 3)),
        dx(shape, dtype, device()) {}
  static Shape style(const Shape& x) { return {2, x[0], x[3]}; }

  void forward(Context& context) {
    masked_style::forward(context, {x.view(), mask.view(), mean.view(), sd.view(), weight.view()});
  }
  void backward(Context& context) {
    masked_style::backward(context, {x.view(), mask.view(), mean.view(), sd.view(), weight.view(),
                                     dmean.view(), dsd.view(), dx.view(), GradientMode::overwrite});
  }
};

void add_rows(const Shape& shape, DType dtype) {
  add_row(row_name("masked_style", "forward", dtype, shape), masked_style::forward_cost(shape, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(shape, dtype);
            return [problem, &context] { problem->forward(context); };
          });
  add_row(row_name("masked_style", "backward", dtype, shape), masked_style::backward_cost(shape, dtype),
          [=](Context& context) {
            const auto problem = std::make_shared<Problem>(shape, dtype);
            problem->forward(context);
            return [problem, &context] { problem->backward(context); };
          });
}

std::int64_t bytes(const test::MaskedStyleCase& c) {
  return masked_style::forward_cost(c.x, DType::f32).bytes;
}

const Rows rows([] {
  for (const test::MaskedStyleCase& c :
       with_sweep_or_gpu_map(test::masked_style_network_cases(), test::masked_style_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c.x, dtype);
});

}  // namespace
}  // namespace attune::bench
