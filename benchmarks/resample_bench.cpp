#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/resample/average_rows.h"
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

// A photograph of 24 megapixels as the network sees it.
struct Picture {
  Tensor samples = Tensor::zeros({4000, 6000, 3}, DType::u8, device()),
         out{{171, 256, 3}, DType::f32, device()};
  resample::AverageRows rows;

  Picture() {
    rows.source = {samples.view().data, 6000 * 3};
    rows.height = 4000;
    rows.width = 6000;
    rows.out = out.as<float>();
    rows.out_height = rows.row_end = 171;
    rows.out_width = 256;
  }
};

void add_picture() {
  add_row("resample/average_rows/u8/4000x6000x3",
          resample::average_rows_cost(4000 * 6000, 3, Sample::u8, 171 * 256), [](Context& context) {
            const auto picture = std::make_shared<Picture>();
            return [picture, &context] { resample::average_rows(context, picture->rows); };
          });
}

std::int64_t bytes(const test::ResampleCase& c) {
  return resample::cost(c.x, {c.x[0], c.h, c.w, c.x[3]}, DType::f32, c.method).bytes;
}

const Rows rows([] {
  for (const test::ResampleCase& c :
       with_sweep_or_gpu_map(test::resample_network_cases(), test::resample_case_at, bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_rows(c, dtype);
  add_picture();
});

}  // namespace
}  // namespace attune::bench
