#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/upsample_concat/upsample_concat.h"
#include "tests/kernels/upsample_concat_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  Tensor x, skip, y, dy, dx, dskip;

  Problem(const test::UpsampleConcatCase& c, DType dtype)
      : x(random_tensor(c.x, dtype, 1)),
        skip(random_tensor(c.skip(), dtype, 2)),
        y(c.y(), dtype, device()),
        dy(random_tensor(c.y(), dtype, 3)),
        dx(c.x, dtype, device()),
        dskip(c.skip(), dtype, device()) {}

  void forward(Context& context) { upsample_concat::forward(context, {x.view(), skip.view(), y.view()}); }
  void backward(Context& context) {
    upsample_concat::backward(
        context, {dy.view(), dx.view(), GradientMode::overwrite, dskip.view(), GradientMode::overwrite});
  }
};

void add_rows(const test::UpsampleConcatCase& c, DType dtype) {
  const Cost cost = upsample_concat::cost(c.x, c.skip(), dtype);
  add_row(text("upsample_concat/forward/", name_of(dtype), '/', c.name), cost, [=](Context& context) {
    const auto problem = std::make_shared<Problem>(c, dtype);
    return [problem, &context] { problem->forward(context); };
  });
  add_row(text("upsample_concat/backward/", name_of(dtype), '/', c.name), cost, [=](Context& context) {
    const auto problem = std::make_shared<Problem>(c, dtype);
    return [problem, &context] { problem->backward(context); };
  });
}

std::int64_t bytes(const test::UpsampleConcatCase& c) {
  return upsample_concat::cost(c.x, c.skip(), DType::f32).bytes;
}

const Rows rows([] {
  for (const test::UpsampleConcatCase& c :
       with_sweep_or_gpu_map(test::upsample_concat_network_cases(), test::upsample_concat_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
});

}  // namespace
}  // namespace attune::bench
