// One patch_infonce case as tensors of any dtype, and its comparison with the reference.
#pragma once

#include <algorithm>
#include <cmath>

#include "tests/kernels/patch_infonce_cases.h"
#include "tests/reference/patch_infonce_reference.h"
#include "tests/support/op_checks.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

// The rows that count in each image; some images lack anchors, positives or negatives where the case is counted.
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

// All tensors of a case, activations in `dtype`; outputs poisoned.
struct PatchInfoNceProblem {
  PatchInfoNceProblem(const PatchInfoNceCase& c, DType dtype, std::uint64_t seed)
      : PatchInfoNceProblem(c, dtype, seed, infonce_counts(c, c.extents.anchors, 0),
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
  PatchInfoNceProblem(const PatchInfoNceCase& c, DType dtype, std::uint64_t seed,
                      const std::vector<double>& anchor_counts, const std::vector<double>& positive_counts,
                      const std::vector<double>& negative_counts)
      : counted(c.counted),
        indexed(c.mode != InfoNceMode::set),
        anchors(rows_of(c, c.extents.anchors), dtype, infonce_rows(c, c.extents.anchors, anchor_counts, seed),
                c.offset),
        positives(rows_of(c, c.extents.positives), dtype,
                  infonce_rows(c, c.extents.positives, positive_counts, seed + 1), c.offset),
        negatives(rows_of(c, c.extents.negatives), dtype,
                  infonce_rows(c, c.extents.negatives, negative_counts, seed + 2), c.offset),
        anchor_count({c.extents.images}, DType::i32, anchor_counts, c.offset),
        positive_count({c.extents.images}, DType::i32, positive_counts, c.offset),
        negative_count({c.extents.images}, DType::i32, negative_counts, c.offset),
        positive_index({c.extents.images, c.extents.anchors}, DType::i32, c.offset),
        loss({1}, statistics_dtype(dtype), c.offset),
        log_sum({c.extents.images, c.extents.anchors}, statistics_dtype(dtype), c.offset),
        miss({c.extents.images, c.extents.anchors}, statistics_dtype(dtype), c.offset),
        dloss({1}, statistics_dtype(dtype), {0.75}, c.offset),
        danchors(anchors.shape(), dtype, c.offset),
        dpositives(positives.shape(), dtype, c.offset),
        dnegatives(negatives.shape(), dtype, c.offset) {
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

// As check_close, for the gradient of rows z. Where it is small only because everything along z cancels (equal or
// nearly parallel rows), the error is measured by what cancelled: dL / (temperature |z|), spread over all rows.
inline void check_close_gradient(const char* name, const TestTensor& actual, const TestTensor& plain,
                                 const TestTensor& exact, const TestTensor& z, const PatchInfoNceCase& c) {
  const std::vector<double> expected = exact.get();
  std::vector<double> rows = z.get();
  for (double& value : rows) value = std::isnan(value) ? 0 : value;
  // Over R rows of length |z|: sqrt(R) rows' worth of dL / (R temperature |z|), and sqrt(R) |z| is the norm of all.
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

inline void check_patch_infonce(Context& context, const PatchInfoNceCase& c, std::uint64_t seed) {
  INFO("case " << c.name() << ", seed " << seed);
  const PatchInfoNceProblem actual(c, c.dtype, seed), plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  const patch_infonce::Options options = c.options();
  patch_infonce::forward(context, actual.forward(), options);
  reference::patch_infonce::forward<float>(plain.forward(), options);
  reference::patch_infonce::forward<double>(exact.forward(), options);
  check_close("loss", actual.loss, plain.loss, exact.loss);
  check_close("log_sum", actual.log_sum, plain.log_sum, exact.log_sum);
  check_close("miss", actual.miss, plain.miss, exact.miss);

  patch_infonce::backward(context, actual.backward(), options);
  reference::patch_infonce::backward<float>(plain.backward(), options);
  reference::patch_infonce::backward<double>(exact.backward(), options);
  check_close_gradient("danchors", actual.danchors, plain.danchors, exact.danchors, exact.anchors, c);
  check_close_gradient("dpositives", actual.dpositives, plain.dpositives, exact.dpositives, exact.positives,
                       c);
  check_close_gradient("dnegatives", actual.dnegatives, plain.dnegatives, exact.dnegatives, exact.negatives,
                       c);
}

}  // namespace attune::test
