#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/patch_sample/patch_sample.h"
#include "tests/kernels/patch_sample_cases.h"

namespace attune::bench {
namespace {

using test::PatchSampleCase;

struct Problem {
  Tensor mask, indices, count, x, z, dz, dx;

  Problem(const PatchSampleCase& c, DType dtype)
      : mask(disc_mask(c.images, c.height, c.width)),
        indices({c.images, c.samples}, DType::i32, device()),
        count({c.images}, DType::i32, device()),
        x(random_tensor({c.images, c.height, c.width, c.channels}, dtype, 1)),
        z({c.images, c.samples, c.channels}, dtype, device()),
        dz(random_tensor(z.shape(), dtype, 2)),
        dx(x.shape(), dtype, device()) {}

  void draw(Context& context) {
    patch_sample::draw(context, {mask.view(), indices.view(), count.view()}, {});
  }
  void gather(Context& context) { patch_sample::gather(context, {x.view(), indices.view(), z.view()}); }
  void scatter(Context& context) {
    patch_sample::scatter(context, {dz.view(), indices.view(), count.view(), dx.view()});
  }
};

// One of Problem's calls, after a draw that tells gather and scatter where.
Prepare prepare(const PatchSampleCase& c, DType dtype, void (Problem::*call)(Context&)) {
  return [=](Context& context) {
    const auto problem = std::make_shared<Problem>(c, dtype);
    problem->draw(context);
    return [problem, call, &context] { (*problem.*call)(context); };
  };
}

// Of the tensor that scatter writes.
std::int64_t bytes(const test::PatchSampleCase& c) {
  return c.images * c.height * c.width * c.channels * size_of(DType::f32);
}

const Rows rows([] {
  for (const PatchSampleCase& c :
       with_other_maps(test::patch_sample_network_cases(), test::patch_sample_case_at, bytes)) {
    const Shape mask{c.images, c.height, c.width}, x{c.images, c.height, c.width, c.channels};
    const Shape z{c.images, c.samples, c.channels};
    add_row(row_name("patch_sample", "draw", DType::f32, mask), patch_sample::draw_cost(mask, c.samples),
            prepare(c, DType::f32, &Problem::draw));
    for (const DType dtype : {DType::f32, DType::bf16}) {
      add_row(row_name("patch_sample", "gather", dtype, x), patch_sample::gather_cost(z, dtype),
              prepare(c, dtype, &Problem::gather));
      add_row(row_name("patch_sample", "scatter", dtype, x), patch_sample::scatter_cost(z, x, dtype),
              prepare(c, dtype, &Problem::scatter));
    }
  }
});

}  // namespace
}  // namespace attune::bench
