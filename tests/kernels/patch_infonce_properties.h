// What patch_infonce's contract promises beyond closeness to the reference, on any device.
#pragma once

#include <cmath>

#include "tests/kernels/patch_infonce_check.h"

namespace attune::test {

inline constexpr InfoNceMode all_infonce_modes[] = {InfoNceMode::set, InfoNceMode::indexed,
                                                    InfoNceMode::indexed_with_others};

// It overwrites, accumulates or skips each gradient as told.
inline void check_gradient_modes(Context& context, std::uint64_t seed) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const InfoNceMode mode : all_infonce_modes) {
      PatchInfoNceCase c{{4, 33, 19, 21, 35}, mode};
      c.counted = true;
      c.dtype = dtype;
      INFO("case " << c.name());
      PatchInfoNceProblem first(c, dtype, seed, context.device()), second(c, dtype, seed, context.device());
      patch_infonce::forward(context, first.forward(), c.options());
      patch_infonce::forward(context, second.forward(), c.options());
      patch_infonce::backward(context, first.backward(), c.options());
      TestTensor* const overwritten[] = {&first.danchors, &first.dpositives, &first.dnegatives};
      TestTensor* const accumulated[] = {&second.danchors, &second.dpositives, &second.dnegatives};
      std::vector<std::vector<double>> before;
      for (TestTensor* tensor : accumulated) {
        tensor->set(make_values(Values::random, tensor->shape().elements(), seed + 9));
        before.push_back(tensor->get());
      }
      patch_infonce::backward(context, second.backward(GradientMode::ignore), c.options());
      for (std::size_t t = 0; t < 3; ++t) CHECK(accumulated[t]->get() == before[t]);
      patch_infonce::backward(context, second.backward(GradientMode::accumulate), c.options());
      for (std::size_t t = 0; t < 3; ++t) {
        std::vector<double> expected = overwritten[t]->get();
        for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += before[t][i];
        CHECK(relative_error(accumulated[t]->get(), expected) <= tolerance(dtype, 0));
      }
    }
}

// It writes one gradient where only one is asked for.
inline void check_one_gradient(Context& context, std::uint64_t seed) {
  const PatchInfoNceCase c{{2, 20, 18, 16, 12}};
  const PatchInfoNceProblem all(c, c.dtype, seed, context.device());
  patch_infonce::forward(context, all.forward(), c.options());
  patch_infonce::backward(context, all.backward(), c.options());
  for (int asked = 0; asked < 3; ++asked) {
    const PatchInfoNceProblem one(c, c.dtype, seed, context.device());
    const std::vector<char> poison = one.danchors.bytes();
    patch_infonce::forward(context, one.forward(), c.options());
    patch_infonce::Backward backward = one.backward(GradientMode::ignore);
    GradientMode* const modes[] = {&backward.danchors_mode, &backward.dpositives_mode,
                                   &backward.dnegatives_mode};
    *modes[asked] = GradientMode::overwrite;
    patch_infonce::backward(context, backward, c.options());
    const TestTensor* const ones[] = {&one.danchors, &one.dpositives, &one.dnegatives};
    const TestTensor* const alls[] = {&all.danchors, &all.dpositives, &all.dnegatives};
    for (int t = 0; t < 3; ++t) {
      if (t == asked)
        CHECK(ones[t]->bytes() == alls[t]->bytes());
      else
        CHECK(std::isnan(ones[t]->get()[0]));
    }
  }
}

// It has no loss and no gradient where no image contributes.
inline void check_no_image_contributes(Context& context, std::uint64_t seed) {
  const PatchInfoNceCase cases[] = {{{2, 8, 8, 0, 16}},
                                    {{2, 8, 0, 8, 16}},
                                    {{2, 0, 8, 8, 16}},
                                    {{2, 8, 5, 0, 16}, InfoNceMode::indexed},
                                    {{2, 8, 1, 0, 16}, InfoNceMode::indexed_with_others}};
  for (const PatchInfoNceCase& c : cases) {
    INFO("case " << c.name());
    const PatchInfoNceProblem p(c, c.dtype, seed, context.device());
    patch_infonce::Forward forward = p.forward();
    patch_infonce::Backward backward = p.backward();
    if (c.extents.negatives == 0) {
      forward.inputs.negatives = backward.inputs.negatives = ConstTensorView();
      backward.dnegatives = TensorView();
    }
    patch_infonce::forward(context, forward, c.options());
    patch_infonce::backward(context, backward, c.options());
    CHECK(p.loss.get()[0] == 0);
    for (const TestTensor* output : {&p.log_sum, &p.miss, &p.danchors, &p.dpositives})
      for (const double value : output->get()) CHECK(value == 0);
  }
}

// It takes the mean over the images that contribute.
inline void check_mean_over_images(Context& context, std::uint64_t seed) {
  const PatchInfoNceCase c{{3, 9, 8, 7, 6}};
  PatchInfoNceProblem p(c, c.dtype, seed, context.device());
  double sum = 0;
  for (std::int64_t n = 0; n < 3; ++n) {
    patch_infonce::Forward one = p.forward();
    for (ConstTensorView* rows : {&one.inputs.anchors, &one.inputs.positives, &one.inputs.negatives}) {
      const ConstTensorView image = rows->slice(n);
      *rows = image.reshaped({1, image.shape[0], image.shape[1]});
    }
    for (TensorView* saved : {&one.log_sum, &one.miss}) *saved = saved->slice(n).reshaped({1, 9});
    patch_infonce::forward(context, one, c.options());
    if (n != 1) sum += p.loss.get()[0];
  }
  p.counted = true;
  p.negative_count.set({7, 0, 7});
  patch_infonce::forward(context, p.forward(), c.options());
  CHECK(p.loss.get()[0] == Approx(sum / 2).epsilon(1e-6));
}

// It keeps the digits of a tiny loss.
inline void check_tiny_loss(Context& context, std::uint64_t seed) {
  // Positives equal to the anchor, negatives opposite: L = log(1 + M e^(-2 / tau)), about 1e-11.
  const PatchInfoNceCase c{{1, 17, 30, 25, 2}};
  PatchInfoNceProblem p(c, c.dtype, seed, context.device()), exact(c, DType::f64, seed);
  for (PatchInfoNceProblem* problem : {&p, &exact}) {
    const auto fill = [](TestTensor& rows, double value) {
      rows.set(std::vector<double>(static_cast<std::size_t>(rows.shape().elements()), value));
    };
    fill(problem->anchors, 0.5);
    fill(problem->positives, 1.5);
    fill(problem->negatives, -2.0);
  }
  patch_infonce::forward(context, p.forward(), c.options());
  reference::patch_infonce::forward<double>(exact.forward(), c.options());
  CHECK(exact.loss.get()[0] < 2e-11);
  CHECK(relative_error(p.loss.get(), exact.loss.get()) <= 1e-5);  // 28.6 in the exponent, rounded to f32
  CHECK(relative_error(p.miss.get(), exact.miss.get()) <= 1e-5);
}

// Anchors opposite to all other rows at a temperature of 0.01: log R = -100, beyond what e^-log R holds.
inline void check_opposite_rows(Context& context) {
  for (const std::int64_t depth : {1, 128, 256})
    for (const DType dtype : {DType::f32, DType::bf16}) {
      PatchInfoNceCase c{{1, 1, 1, 1, depth}};
      c.temperature = 0.01f;
      c.dtype = dtype;
      INFO("case " << c.name());
      PatchInfoNceProblem p(c, dtype, 1, context.device());
      std::vector<double> row(static_cast<std::size_t>(depth), 0.0);
      row[0] = 1;
      p.anchors.set(row);
      row[0] = -1;
      p.positives.set(row);
      p.negatives.set(row);
      patch_infonce::forward(context, p.forward(), c.options());
      patch_infonce::backward(context, p.backward(), c.options());
      CHECK(p.loss.get().front() == Approx(std::log(2.0)).epsilon(1e-4));
      for (const TestTensor* gradient : {&p.danchors, &p.dpositives, &p.dnegatives})
        for (const double value : gradient->get())
          CHECK(std::abs(value) < 1e-3);  // along the rows there is none
    }
}

// It gives a row without direction no gradient.
inline void check_rows_without_direction(Context& context, std::uint64_t seed) {
  for (const InfoNceMode mode : all_infonce_modes) {
    const PatchInfoNceCase c{{1, 13, 9, 11, 7}, mode};
    INFO("case " << c.name());
    PatchInfoNceProblem p(c, c.dtype, seed, context.device()), plain(c, DType::f32, seed),
        exact(c, DType::f64, seed);
    for (PatchInfoNceProblem* problem : {&p, &plain, &exact})
      for (TestTensor* rows : {&problem->anchors, &problem->positives, &problem->negatives}) {
        std::vector<double> values = rows->get();
        for (std::size_t d = 0; d < 7; ++d) values[7 + d] = 0;        // row 1
        for (std::size_t d = 0; d < 7; ++d) values[14 + d] *= 1e-12;  // row 2
        rows->set(values);
      }
    patch_infonce::forward(context, p.forward(), c.options());
    reference::patch_infonce::forward<double>(exact.forward(), c.options());
    CHECK(relative_error(p.loss.get(), exact.loss.get()) <= 1e-5);
    patch_infonce::backward(context, p.backward(), c.options());
    reference::patch_infonce::backward<double>(exact.backward(), c.options());
    const TestTensor* const gradients[][2] = {{&p.danchors, &exact.danchors},
                                              {&p.dpositives, &exact.dpositives},
                                              {&p.dnegatives, &exact.dnegatives}};
    for (const auto& [actual, expected] : gradients) {
      CHECK(relative_error(actual->get(), expected->get()) <= 1e-5);
      for (std::size_t d = 7; d < 21; ++d) CHECK(actual->get()[d] == 0);
    }
  }
}

// Positives of which many are the same row: the nearest to an anchor like them is the first one. Column c is row
// `row_of(c)`, all of which occur from 0 on.
inline void check_first_of_equals(Context& context, DType dtype, std::int64_t (*row_of)(std::int64_t),
                                  std::uint64_t seed) {
  constexpr std::int64_t anchors = 60, positives = 130, depth = 8;
  PatchInfoNceProblem p({{1, anchors, positives, 0, depth}}, dtype, seed, context.device());
  const std::vector<double> rows = make_values(Values::random, positives * depth, seed);
  std::vector<double> of_positives, of_anchors, expected;
  const auto append = [&](std::vector<double>& to, std::int64_t row) {
    to.insert(to.end(), rows.begin() + row * depth, rows.begin() + (row + 1) * depth);
  };
  for (std::int64_t c = 0; c < positives; ++c) append(of_positives, row_of(c));
  for (std::int64_t i = 0; i < anchors; ++i) {
    const std::int64_t row = row_of(positives - 1 - i);
    append(of_anchors, row);
    std::int64_t first = 0;
    while (row_of(first) != row) ++first;
    expected.push_back(static_cast<double>(first));
  }
  p.anchors.set(of_anchors);
  p.positives.set(of_positives);
  patch_infonce::nearest(context, {p.anchors.view(), p.positives.view(), {}, {}, p.positive_index.view()});
  CHECK(p.positive_index.get() == expected);
}

// It finds the nearest positive, the first of equals.
inline void check_nearest(Context& context, std::uint64_t seed) {
  for (const PatchInfoNceCase& c : patch_infonce_cases()) {
    INFO("case " << c.name() << ", seed " << seed);
    PatchInfoNceProblem p(c, c.dtype, seed, context.device()), exact(c, DType::f64, seed);
    const patch_infonce::Inputs in = p.inputs(), exact_in = exact.inputs();
    patch_infonce::nearest(
        context, {in.anchors, in.positives, in.anchor_count, in.positive_count, p.positive_index.view()});
    reference::patch_infonce::nearest<double>({exact_in.anchors, exact_in.positives, exact_in.anchor_count,
                                               exact_in.positive_count, exact.positive_index.view()});
    const std::vector<double> actual = p.positive_index.get(), expected = exact.positive_index.get();
    for (std::int64_t n = 0; n < c.extents.images; ++n) {
      const reference::patch_infonce::Rows<double> anchors(exact_in.anchors, exact_in.anchor_count, n);
      const reference::patch_infonce::Rows<double> positives(exact_in.positives, exact_in.positive_count, n);
      for (std::int64_t i = 0; i < c.extents.anchors; ++i) {
        const auto at = static_cast<std::size_t>(n * c.extents.anchors + i);
        if (i >= anchors.count || positives.count == 0) {
          CHECK(actual[at] == 0);
        } else if (actual[at] != expected[at]) {  // two cosines that f32 cannot tell apart
          const auto cosine_of = [&](double j) {
            return reference::patch_infonce::cosine(anchors, i, positives, static_cast<std::int64_t>(j));
          };
          CHECK(cosine_of(actual[at]) == Approx(cosine_of(expected[at])).margin(1e-6));
        }
      }
    }
  }
  for (const DType dtype : {DType::f32, DType::bf16}) {
    check_first_of_equals(
        context, dtype, [](std::int64_t) { return std::int64_t{0}; }, seed);
    check_first_of_equals(
        context, dtype, [](std::int64_t c) { return c % 2; }, seed);
    check_first_of_equals(
        context, dtype, [](std::int64_t c) { return c % 5; }, seed);
    check_first_of_equals(
        context, dtype, [](std::int64_t c) { return c % 64; }, seed);
    check_first_of_equals(
        context, dtype, [](std::int64_t c) { return c / 2; }, seed);
    check_first_of_equals(
        context, dtype, [](std::int64_t c) { return (c + 1) / 2; }, seed);
  }
}

inline void check_same_index(Context& context) {
  for (const Shape& shape : {Shape{1, 1}, Shape{3, 7}, Shape{0, 5}, Shape{5, 0}}) {
    const TestTensor index(shape, DType::i32, 1, context.device());
    patch_infonce::same_index(context, index.view());
    const std::vector<double> rows = index.get();
    for (std::size_t i = 0; i < rows.size(); ++i)
      CHECK(rows[i] == static_cast<double>(static_cast<std::int64_t>(i) % shape[1]));
  }
}

}  // namespace attune::test
