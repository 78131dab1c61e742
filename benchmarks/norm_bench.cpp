#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/norm/norm.h"
#include "tests/kernels/norm_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor x, norm;

  explicit Problem(const test::NormCase& c)
      : x(random_tensor({c.elements}, DType::f32, 1)), norm({1}, DType::f32, device()) {}

  void forward(Context& context) { norm::forward(context, {x.view(), norm.view()}); }
};

std::int64_t bytes(const test::NormCase& c) { return norm::forward_cost(c.elements).bytes; }

const Rows rows([] {
  for (const test::NormCase& c : with_sweep(test::norm_cases(), test::norm_case_at, bytes)) {
    if (!c.timed) continue;
    add_row(row_name("norm", "forward", DType::f32, {c.elements}), norm::forward_cost(c.elements),
            [c](Context& context) {
              const auto problem = std::make_shared<Problem>(c);
              return [problem, &context] { problem->forward(context); };
            });
  }
});

}  // namespace
}  // namespace attune::bench
