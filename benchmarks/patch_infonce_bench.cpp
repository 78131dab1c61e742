#include <memory>

#include "benchmarks/bench_support.h"
#include "benchmarks/patch_infonce_work.h"
#include "tests/kernels/patch_infonce_cases.h"

namespace attune::bench {
namespace {

using test::InfoNceMode;
using test::PatchInfoNceCase;

// The work, and random inputs for it.
struct Problem {
  Tensor anchors, positives, negatives, positive_index, dloss;
  PatchInfoNceWork work;

  explicit Problem(const PatchInfoNceCase& c)
      : anchors(random_tensor(rows(c, c.extents.anchors), c.dtype, 1)),
        positives(random_tensor(rows(c, c.extents.positives), c.dtype, 2)),
        negatives(random_tensor(rows(c, c.extents.negatives), c.dtype, 3)),
        positive_index(aligned(c.extents)),
        dloss(random_tensor({1}, DType::f32, 4)),
        work(inputs(), dloss.view(), c.options()) {}
  // As in the reading `aligned`: the positive was drawn where the anchor was.
  static Tensor aligned(const patch_infonce::Extents& e) {
    Tensor index({e.images, e.anchors}, DType::i32);
    for (std::int64_t i = 0; i < index.shape().elements(); ++i)
      index.as<std::int32_t>()[i] = static_cast<std::int32_t>(i % e.anchors % e.positives);
    return on_device(std::move(index));
  }
  static Shape rows(const PatchInfoNceCase& c, std::int64_t count) {
    return {c.extents.images, count, c.extents.depth};
  }
  patch_infonce::Inputs inputs() const {
    patch_infonce::Inputs inputs{anchors.view(), positives.view(), negatives.view()};
    inputs.positive_index = positive_index.view();
    return inputs;
  }
};

// K1024_M1024_D256: set mode, one image and P = K, unless the name says otherwise.
std::string shape_name(const PatchInfoNceCase& c) {
  const patch_infonce::Extents& e = c.extents;
  std::string name = e.images == 1 ? "" : text('N', e.images, '_');
  name += text('K', e.anchors);
  if (e.positives != e.anchors) name += text("_P", e.positives);
  name += text("_M", e.negatives, "_D", e.depth);
  return c.mode == InfoNceMode::set ? name : name + '_' + test::name_of(c.mode);
}

// A GPU's tensor cores multiply bf16; the CPU widens its rows to f32 first.
DType arithmetic(DType rows) { return device().kind == DeviceKind::cuda ? rows : DType::f32; }

void add_rows(const PatchInfoNceCase& c) {
  const std::string tail = text('/', name_of(c.dtype), '/', shape_name(c));
  const patch_infonce::Options options = c.options();
  add_row(
      "patch_infonce/forward" + tail, patch_infonce::forward_cost(c.extents, c.dtype, options),
      [=](Context& context) {
        const auto problem = std::make_shared<Problem>(c);
        return [problem, &context] { problem->work.forward(context); };
      },
      arithmetic(c.dtype));
  add_row(
      "patch_infonce/backward" + tail, patch_infonce::backward_cost(c.extents, c.dtype, options),
      [=](Context& context) {
        const auto problem = std::make_shared<Problem>(c);
        problem->work.forward(context);
        return [problem, &context] { problem->work.backward(context); };
      },
      arithmetic(c.dtype));
}

const Rows rows([] {
  for (const PatchInfoNceCase& c : test::patch_infonce_sweep()) add_rows(c);
  for (const PatchInfoNceCase& c : test::patch_infonce_network_cases()) add_rows(c);
  if (const auto sizes = gpu_sizes())
    for (const DType dtype : {DType::f32, DType::bf16})
      add_rows(test::patch_infonce_case_at(sizes->map[0], sizes->patches, dtype));
});

}  // namespace
}  // namespace attune::bench
