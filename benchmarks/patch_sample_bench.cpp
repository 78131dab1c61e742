#include <algorithm>
#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/patch_sample/patch_sample.h"
#include "tests/kernels/patch_sample_cases.h"

namespace attune::bench {
namespace {

using test::PatchSampleCase;

struct Drawn {
  Tensor mask, indices, count;

  explicit Drawn(const PatchSampleCase& c)
      : mask(disc_mask(c.images, c.height, c.width)),
        indices({c.images, c.samples}, DType::i32, device()),
        count({c.images}, DType::i32, device()) {}

  void draw(Context& context) {
    patch_sample::draw(context, {mask.view(), indices.view(), count.view()}, {});
  }
};

struct Problem {
  Drawn drawn;
  Tensor x, z, dz, dx;

  Problem(const PatchSampleCase& c, DType dtype)
      : drawn(c),
        x(random_tensor({c.images, c.height, c.width, c.channels}, dtype, 1)),
        z({c.images, c.samples, c.channels}, dtype, device()),
        dz(random_tensor(z.shape(), dtype, 2)),
        dx(x.shape(), dtype, device()) {}

  void gather(Context& context) { patch_sample::gather(context, {x.view(), drawn.indices.view(), z.view()}); }
  void scatter(Context& context) {
    patch_sample::scatter(context, {dz.view(), drawn.indices.view(), drawn.count.view(), dx.view()});
  }
};

// One of Problem's calls, after a draw that tells it where.
Prepare prepare(const PatchSampleCase& c, DType dtype, void (Problem::*call)(Context&)) {
  return [=](Context& context) {
    const auto problem = std::make_shared<Problem>(c, dtype);
    problem->drawn.draw(context);
    return [problem, call, &context] { (*problem.*call)(context); };
  };
}

// How many rows of an image differ: the others only repeat them.
std::int64_t distinct_samples(const PatchSampleCase& c) {
  std::int64_t foreground = 0;
  for (std::int64_t pixel = 0; pixel < c.height * c.width; ++pixel)
    foreground += is_in_disc(pixel, c.height, c.width);
  return std::min(c.samples, foreground);
}

void add_draw(const PatchSampleCase& c) {
  const Shape mask{c.images, c.height, c.width};
  add_row(row_name("patch_sample", "draw", DType::f32, mask), patch_sample::draw_cost(mask, c.samples),
          [=](Context& context) {
            const auto drawn = std::make_shared<Drawn>(c);
            return [drawn, &context] { drawn->draw(context); };
          });
}

// Writes every row, and reads those that differ.
void add_gather(const PatchSampleCase& c, DType dtype) {
  const std::int64_t repeated = c.images * (c.samples - distinct_samples(c)) * c.channels;
  Cost cost = patch_sample::gather_cost({c.images, c.samples, c.channels}, dtype);
  cost.bytes -= repeated * size_of(dtype);
  add_row(row_name("patch_sample", "gather", dtype, {c.images, c.height, c.width, c.channels}), cost,
          prepare(c, dtype, &Problem::gather));
}

// Reads the rows that differ alone.
void add_scatter(const PatchSampleCase& c, DType dtype) {
  const Shape dx{c.images, c.height, c.width, c.channels};
  add_row(row_name("patch_sample", "scatter", dtype, dx),
          patch_sample::scatter_cost({c.images, distinct_samples(c), c.channels}, dx, dtype),
          prepare(c, dtype, &Problem::scatter));
}

std::int64_t mask_bytes(const PatchSampleCase& c) {
  return c.images * c.height * c.width * size_of(DType::f32);
}
std::int64_t dx_bytes(const PatchSampleCase& c) { return mask_bytes(c) * c.channels; }

const Rows rows([] {
  for (const PatchSampleCase& c :
       with_gpu_map(test::patch_sample_network_cases(), test::patch_sample_case_at)) {
    add_draw(c);
    for (const DType dtype : {DType::f32, DType::bf16}) {
      add_gather(c, dtype);
      add_scatter(c, dtype);
    }
  }
  for (const PatchSampleCase& c : with_sweep({}, test::patch_sample_case_at, mask_bytes)) add_draw(c);
  for (const PatchSampleCase& c : with_sweep({}, test::patch_sample_case_at, dx_bytes))
    for (const DType dtype : {DType::f32, DType::bf16}) add_scatter(c, dtype);
});

}  // namespace
}  // namespace attune::bench
