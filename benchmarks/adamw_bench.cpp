#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/adamw/adamw.h"
#include "tests/kernels/adamw_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor parameters, gradients, first_moment, second_moment, average, gradient_norm;
  adamw::Options options;

  explicit Problem(const test::AdamwCase& c)
      : parameters(random_tensor({c.elements}, DType::f32, 1)),
        gradients(random_tensor({c.elements}, DType::f32, 2)),
        first_moment(Tensor::zeros({c.elements}, DType::f32, device())),
        second_moment(Tensor::zeros({c.elements}, DType::f32, device())),
        average(random_tensor({c.elements}, DType::f32, 1)),
        gradient_norm(twice_the_limit()),
        options(c.options) {}
  // Of the norm: clipping is at work.
  static Tensor twice_the_limit() {
    Tensor norm({1}, DType::f32);
    *norm.as<float>() = 2;
    return on_device(std::move(norm));
  }

  void step(Context& context) {
    adamw::step(context,
                {parameters.view(), gradients.view(), first_moment.view(), second_moment.view(),
                 average.view(), gradient_norm.view()},
                options);
  }
};

std::int64_t bytes(const test::AdamwCase& c) { return adamw::step_cost(c.elements, c.averaged).bytes; }

const Rows rows([] {
  for (const test::AdamwCase& c : with_sweep(test::adamw_cases(), test::adamw_case_at, bytes)) {
    if (!c.timed) continue;
    add_row(row_name("adamw", "step", DType::f32, {c.elements}), adamw::step_cost(c.elements, true),
            [c](Context& context) {
              const auto problem = std::make_shared<Problem>(c);
              return [problem, &context] { problem->step(context); };
            });
  }
});

}  // namespace
}  // namespace attune::bench
