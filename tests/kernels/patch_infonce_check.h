// One patch_infonce case as tensors of any dtype, and its comparison with the reference.
#pragma once

#include <algorithm>
#include <cmath>

#include "tests/kernels/patch_infonce_cases.h"
#include "tests/reference/patch_infonce_reference.h"
#include "tests/support/op_checks.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

// The rows that count in each image; some images lack anchors, positives or negatives where the case is
// counted.
inline std::vector<double> infonce_counts(const PatchInfoNceCase& c, std::int64_t rows,
                                          std::int64_t empty_image) {
  std::vector<double> counts;
  for (std::int64_t n = 0; n < c.extents.images; ++n)
    counts.push_back(static_cast<double>(!c.counted ? rows : n == empty_image ? 0 : rows - n * rows / 7));
  return counts;
}

// Seeded rows as the case's dtype stores them. Uncounted rows are NaN: nobody may read them.
inline std::vector<double> infonce_rows(const PatchInfoNceCase& c, std::int64_t rows,
                                        const std::vector<double>& counts, std::uint64_t seed) {
  const std::int64_t depth = c.extents.depth;
  std::vector<double> values = rounded(make_values(c.values, c.extents.images * rows * depth, seed), c.dtype);
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i) {
    const std::int64_t row = i / depth % rows, n = i / depth / rows;
    if (static_cast<double>(row) >= counts[static_cast<std::size_t>(n)])
      values[static_cast<std::size_t>(i)] = NAN;
  }
  return values;
}

// All tensors of a case, activations in `dtype`, which stands for the case's own so that the reference gets
// the same problem in f32 or f64; outputs poisoned.
struct PatchInfoNceProblem {
  PatchInfoNceProblem(const PatchInfoNceCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : PatchInfoNceProblem(c, dtype, seed, device, infonce_counts(c, c.extents.anchors, 0),
                            infonce_counts(c, c.extents.positives, 1),
                            infonce_counts(c, c.extents.negatives, 2)) {}

  patch_infonce::Inputs inputs() const {
    patch_infonce::Inputs inputs{anchors.view(), positives.view(), negatives.view()};
    if (counted) {
      inputs.anchor_count = anchor_count.view();
      inputs.positive_count = positive_count.view();
      inputs.negative_count = negative_count.view();
    }
    if (indexed) inputs.positive_index = positive_index.view();
    return inputs;
  }
  patch_infonce::Forward forward() const { return {inputs(), loss.view(), log_sum.view(), miss.view()}; }
  patch_infonce::Backward backward(GradientMode mode = GradientMode::overwrite) const {
    return {inputs(),          log_sum.view(),    miss.view(), dloss.view(), danchors.view(),
            dpositives.view(), dnegatives.view(), mode,        mode,         mode};
  }

  bool counted, indexed;
  TestTensor anchors, positives, negatives, anchor_count, positive_count, negative_count, positive_index;
  TestTensor loss, log_sum, miss, dloss, danchors, dpositives, dnegatives;

 private:
  PatchInfoNceProblem(const PatchInfoNceCase& c, DType dtype, std::uint64_t seed, Device device,
                      const std::vector<double>& anchor_counts, const std::vector<double>& positive_counts,
                      const std::vector<double>& negative_counts)
      : counted(c.counted),
        indexed(c.mode != InfoNceMode::set),
        anchors(rows_of(c, c.extents.anchors), dtype, infonce_rows(c, c.extents.anchors, anchor_counts, seed),
                c.offset, device),
        positives(rows_of(c, c.extents.positives), dtype,
                  infonce_rows(c, c.extents.positives, positive_counts, seed + 1), c.offset, device),
        negatives(rows_of(c, c.extents.negatives), dtype,
                  infonce_rows(c, c.extents.negatives, negative_counts, seed + 2), c.offset, device),
        anchor_count({c.extents.images}, DType::i32, anchor_counts, c.offset, device),
        positive_count({c.extents.images}, DType::i32, positive_counts, c.offset, device),
        negative_count({c.extents.images}, DType::i32, negative_counts, c.offset, device),
        positive_index({c.extents.images, c.extents.anchors}, DType::i32, c.offset, device),
        loss({1}, statistics_dtype(dtype), c.offset, device),
        log_sum({c.extents.images, c.extents.anchors}, statistics_dtype(dtype), c.offset, device),
        miss({c.extents.images, c.extents.anchors}, statistics_dtype(dtype), c.offset, device),
        dloss({1}, statistics_dtype(dtype), {0.75}, c.offset, device),
        danchors(anchors.shape(), dtype, c.offset, device),
        dpositives(positives.shape(), dtype, c.offset, device),
        dnegatives(negatives.shape(), dtype, c.offset, device) {
    std::vector<double> index;
    for (std::int64_t i = 0; i < positive_index.shape().elements(); ++i) {
      const double count = positive_counts[static_cast<std::size_t>(i / c.extents.anchors)];
      index.push_back(std::fmod(static_cast<double>(7 * i + 3), std::max(1.0, count)));
    }
    positive_index.set(index);
  }
  static Shape rows_of(const PatchInfoNceCase& c, std::int64_t rows) {
    return {c.extents.images, rows, c.extents.depth};
  }
};

// As check_close, for the gradient of rows z. Where it is small only because everything along z cancels
// (equal or nearly parallel rows), the error is measured by what cancelled: dL / (temperature |z|), spread
// over all rows.
inline void check_close_gradient(const char* name, const TestTensor& actual, const TestTensor& plain,
                                 const TestTensor& exact, const TestTensor& z, const PatchInfoNceCase& c) {
  const std::vector<double> expected = exact.get();
  std::vector<double> rows = z.get();
  for (double& value : rows) value = std::isnan(value) ? 0 : value;
  // Over R rows of length |z|: sqrt(R) rows' worth of dL / (R temperature |z|), and sqrt(R) |z| is the norm
  // of all.
  const double cancelled = 0.1 / (static_cast<double>(c.temperature) * std::max(norm(rows), 1e-30));
  const double scale = std::max(norm(expected), cancelled);
  const auto error = [&](const std::vector<double>& values) {
    std::vector<double> difference(expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) difference[i] = values[i] - expected[i];
    return norm(difference) / scale;
  };
  const double bound = tolerance(actual.dtype(), error(plain.get()));
  INFO(name << ", tolerance " << bound);
  CHECK(error(actual.get()) <= bound);
}

// A case's expected results, made once for all the devices and instruction sets that are checked against
// them.
class PatchInfoNceExpectation {
 public:
  PatchInfoNceExpectation(const PatchInfoNceCase& c, std::uint64_t seed)
      : case_(c), seed_(seed), plain_(c, DType::f32, seed), exact_(c, DType::f64, seed) {
    reference::patch_infonce::forward<float>(plain_.forward(), c.options());
    reference::patch_infonce::forward<double>(exact_.forward(), c.options());
    reference::patch_infonce::backward<float>(plain_.backward(), c.options());
    reference::patch_infonce::backward<double>(exact_.backward(), c.options());
  }

  void check(Context& context) const {
    INFO("case " << case_.name() << ", seed " << seed_);
    const PatchInfoNceProblem actual(case_, case_.dtype, seed_, context.device());
    patch_infonce::forward(context, actual.forward(), case_.options());
    check_close("loss", actual.loss, plain_.loss, exact_.loss);
    check_close("log_sum", actual.log_sum, plain_.log_sum, exact_.log_sum);
    check_close("miss", actual.miss, plain_.miss, exact_.miss);
    patch_infonce::backward(context, actual.backward(), case_.options());
    check_gradient_of("danchors", actual.danchors, plain_.danchors, exact_.danchors, exact_.anchors);
    check_gradient_of("dpositives", actual.dpositives, plain_.dpositives, exact_.dpositives,
                      exact_.positives);
    check_gradient_of("dnegatives", actual.dnegatives, plain_.dnegatives, exact_.dnegatives,
                      exact_.negatives);
  }

 private:
  void check_gradient_of(const char* name, const TestTensor& actual, const TestTensor& plain,
                         const TestTensor& exact, const TestTensor& z) const {
    check_close_gradient(name, actual, plain, exact, z, case_);
  }

  PatchInfoNceCase case_;
  std::uint64_t seed_;
  PatchInfoNceProblem plain_, exact_;
};

}  // namespace attune::test
