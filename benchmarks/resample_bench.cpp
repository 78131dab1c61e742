#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/resample/resample.h"
#include "tests/kernels/resample_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor x, y, dy, dx;
  resample::Options options;

  Problem(const test::ResampleCase& c, const Shape& to, DType dtype)
      : x(random_tensor(c.x, dtype, 1)),
        y(to, dtype, device()),
        dy(random_tensor(to, dtype, 2)),
        dx(c.x, dtype, device()) {
    options.method = c.method;
  }
};

void add_rows(const test::ResampleCase& c, DType dtype) {
  const Shape y{c.x[0], c.h, c.w, c.x[3]};
  const Cost cost = resample::cost(c.x, y, dtype, c.method);
  add_row(text("resample/forward/", name_of(dtype), '/', c.name), cost, [=](Context& context) {
    const auto problem = std::make_shared<Problem>(c, y, dtype);
    return [problem, &context] {
      resample::forward(context, {problem->x.view(), problem->y.view()}, problem->options);
    };
  });
  add_row(text("resample/backward/", name_of(dtype), '/', c.name), cost, [=](Context& context) {
    const auto problem = std::make_shared<Problem>(c, y, dtype);
    return [problem, &context] {
      resample::backward(context, {problem->dy.view(), problem->dx.view()}, problem->options);
    };
  });
}

std::int64_t bytes(const test::ResampleCase& c) {
  return resample::cost(c.x, {c.x[0], c.h, c.w, c.x[3]}, DType::f32, c.method).bytes;
}

const Rows rows([] {
  for (const test::ResampleCase& c :
       with_sweep_or_gpu_map(test::resample_network_cases(), test::resample_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
});

}  // namespace
}  // namespace attune::bench
