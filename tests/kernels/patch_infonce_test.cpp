#include <catch2/catch.hpp>

#include "tests/kernels/patch_infonce_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using Problem = PatchInfoNceProblem;

constexpr std::uint64_t seed = 30;
constexpr InfoNceMode all_modes[] = {InfoNceMode::set, InfoNceMode::indexed,
                                     InfoNceMode::indexed_with_others};

TEST_CASE("patch_infonce agrees with the reference") {
  Context context({}, 1);
  for (const PatchInfoNceCase& c : patch_infonce_cases()) {
    const PatchInfoNceExpectation expected(c, seed);
    for_each_cpu_target([&] { expected.check(context); });
  }
}

TEST_CASE("patch_infonce's reference backward is the derivative of its forward") {
  for (const InfoNceMode mode : all_modes)
    for (const bool counted : {false, true}) {
      PatchInfoNceCase c{{counted ? 4 : 2, 5, 7, 6, 4}, mode};
      c.counted = counted;
      c.dtype = DType::f64;
      INFO("case " << c.name() << ", seed " << seed);
      Problem problem(c, DType::f64, seed);
      // Central differences move uncounted rows too: they must be numbers here, and their gradient 0.
      for (TestTensor* rows : {&problem.anchors, &problem.positives, &problem.negatives}) {
        std::vector<double> values = rows->get();
        for (double& value : values) value = std::isnan(value) ? 0.5 : value;
        rows->set(values);
      }
      const auto loss = [&] {
        reference::patch_infonce::forward<double>(problem.forward(), c.options());
        return problem.dloss.get()[0] * problem.loss.get()[0];
      };
      loss();
      reference::patch_infonce::backward<double>(problem.backward(), c.options());
      check_derivative("danchors", problem.anchors, problem.danchors, loss, seed);
      check_derivative("dpositives", problem.positives, problem.dpositives, loss, seed);
      check_derivative("dnegatives", problem.negatives, problem.dnegatives, loss, seed);
    }
}

TEST_CASE("patch_infonce overwrites, accumulates or skips each gradient as told") {
  Context context({}, 1);
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const InfoNceMode mode : all_modes) {
      PatchInfoNceCase c{{4, 33, 19, 21, 35}, mode};
      c.counted = true;
      c.dtype = dtype;
      INFO("case " << c.name());
      Problem first(c, dtype, seed), second(c, dtype, seed);
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

TEST_CASE("patch_infonce writes one gradient where only one is asked for") {
  Context context({}, 1);
  const PatchInfoNceCase c{{2, 20, 18, 16, 12}};
  const Problem all(c, c.dtype, seed);
  patch_infonce::forward(context, all.forward(), c.options());
  patch_infonce::backward(context, all.backward(), c.options());
  for (int asked = 0; asked < 3; ++asked) {
    const Problem one(c, c.dtype, seed);
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

TEST_CASE("patch_infonce has no loss and no gradient where no image contributes") {
  Context context({}, 1);
  const PatchInfoNceCase cases[] = {{{2, 8, 8, 0, 16}},
                                    {{2, 8, 0, 8, 16}},
                                    {{2, 0, 8, 8, 16}},
                                    {{2, 8, 5, 0, 16}, InfoNceMode::indexed},
                                    {{2, 8, 1, 0, 16}, InfoNceMode::indexed_with_others}};
  for (const PatchInfoNceCase& c : cases) {
    INFO("case " << c.name());
    const Problem p(c, c.dtype, seed);
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

TEST_CASE("patch_infonce takes the mean over the images that contribute") {
  Context context({}, 1);
  const PatchInfoNceCase c{{3, 9, 8, 7, 6}};
  Problem p(c, c.dtype, seed);
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

TEST_CASE("patch_infonce keeps the digits of a tiny loss") {
  // Positives equal to the anchor, negatives opposite: L = log(1 + M e^(-2 / tau)), about 1e-11.
  Context context({}, 1);
  const PatchInfoNceCase c{{1, 17, 30, 25, 2}};
  for_each_cpu_target([&] {
    Problem p(c, c.dtype, seed), exact(c, DType::f64, seed);
    for (Problem* problem : {&p, &exact}) {
      const auto constant = [](TestTensor& rows, double value) {
        rows.set(std::vector<double>(static_cast<std::size_t>(rows.shape().elements()), value));
      };
      constant(problem->anchors, 0.5);
      constant(problem->positives, 1.5);
      constant(problem->negatives, -2.0);
    }
    patch_infonce::forward(context, p.forward(), c.options());
    reference::patch_infonce::forward<double>(exact.forward(), c.options());
    CHECK(exact.loss.get()[0] < 2e-11);
    CHECK(relative_error(p.loss.get(), exact.loss.get()) <= 1e-5);  // 28.6 in the exponent, rounded to f32
    CHECK(relative_error(p.miss.get(), exact.miss.get()) <= 1e-5);
  });
}

TEST_CASE("patch_infonce gives a row without direction no gradient") {
  Context context({}, 1);
  for (const InfoNceMode mode : all_modes) {
    const PatchInfoNceCase c{{1, 13, 9, 11, 7}, mode};
    INFO("case " << c.name());
    Problem p(c, c.dtype, seed), plain(c, DType::f32, seed), exact(c, DType::f64, seed);
    for (Problem* problem : {&p, &plain, &exact})
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

TEST_CASE("patch_infonce finds the nearest positive, the first of equals") {
  Context context({}, 1);
  for_each_cpu_target([&] {
    for (const PatchInfoNceCase& c : patch_infonce_cases()) {
      INFO("case " << c.name() << ", seed " << seed);
      Problem p(c, c.dtype, seed), exact(c, DType::f64, seed);
      const patch_infonce::Inputs in = p.inputs(), exact_in = exact.inputs();
      patch_infonce::nearest(
          context, {in.anchors, in.positives, in.anchor_count, in.positive_count, p.positive_index.view()});
      reference::patch_infonce::nearest<double>({exact_in.anchors, exact_in.positives, exact_in.anchor_count,
                                                 exact_in.positive_count, exact.positive_index.view()});
      const std::vector<double> actual = p.positive_index.get(), expected = exact.positive_index.get();
      for (std::int64_t n = 0; n < c.extents.images; ++n) {
        const reference::patch_infonce::Rows<double> anchors(exact_in.anchors, exact_in.anchor_count, n);
        const reference::patch_infonce::Rows<double> positives(exact_in.positives, exact_in.positive_count,
                                                               n);
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
    // Columns 2, 17 and 40 are the same row, nearer than all others.
    PatchInfoNceCase c{{1, 20, 41, 0, 8}};
    Problem p(c, c.dtype, seed);
    std::vector<double> positives = p.positives.get(), anchors = p.anchors.get();
    for (const std::size_t equal : {2u, 17u, 40u})
      for (std::size_t d = 0; d < 8; ++d) positives[8 * equal + d] = 1 + static_cast<double>(d);
    for (std::size_t i = 0; i < anchors.size(); ++i) anchors[i] = 1.01 + static_cast<double>(i % 8);
    p.positives.set(positives);
    p.anchors.set(anchors);
    patch_infonce::nearest(context, {p.anchors.view(), p.positives.view(), {}, {}, p.positive_index.view()});
    for (const double index : p.positive_index.get()) CHECK(index == 2);
  });
}

TEST_CASE("patch_infonce gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for_each_cpu_target([&] {
    for (const InfoNceMode mode : all_modes) {
      PatchInfoNceCase c{{4, 70, 65, 50, 33}, mode};
      c.counted = true;
      INFO("case " << c.name() << ", seed " << seed);
      check_same_bits([&](Context& context) {
        const Problem p(c, c.dtype, seed);
        patch_infonce::forward(context, p.forward(), c.options());
        patch_infonce::backward(context, p.backward(), c.options());
        const patch_infonce::Inputs in = p.inputs();
        patch_infonce::nearest(
            context, {in.anchors, in.positives, in.anchor_count, in.positive_count, p.positive_index.view()});
        return std::vector<std::vector<char>>{
            p.loss.bytes(),       p.log_sum.bytes(),    p.miss.bytes(),          p.danchors.bytes(),
            p.dpositives.bytes(), p.dnegatives.bytes(), p.positive_index.bytes()};
      });
    }
  });
}

TEST_CASE("patch_infonce stays within the scratch that it announces") {
  Context context({}, 1);
  const PatchInfoNceCase c{{2, 65, 63, 1, 33}};
  const std::int64_t bytes = patch_infonce::workspace_bytes(c.extents, context.device());
  void* const before = context.workspace(bytes);
  const Problem p(c, c.dtype, seed);
  patch_infonce::forward(context, p.forward(), c.options());
  patch_infonce::backward(context, p.backward(), c.options());
  CHECK(context.workspace(bytes) == before);  // it would have grown
}

TEST_CASE("patch_infonce refuses arguments that break the contract, and writes nothing") {
  Context context({}, 1);
  const PatchInfoNceCase c{{2, 5, 4, 3, 6}, InfoNceMode::indexed};
  const Problem p(c, c.dtype, seed);
  const TestTensor wide({2, 4, 7}, DType::f32), half({2, 4, 6}, DType::bf16), real({2, 5}, DType::f32);
  const TestTensor three({3}, DType::i32), flat({2, 6}, DType::f32);
  const auto refused = [&](const auto& change,
                           patch_infonce::Options options = {0.07f, patch_infonce::Pairing::indexed}) {
    patch_infonce::Forward forward = p.forward();
    change(forward);
    check_refused("patch_infonce", {&p.loss, &p.log_sum, &p.miss},
                  [&] { patch_infonce::forward(context, forward, options); });
  };
  const auto unchanged = [](patch_infonce::Forward&) {};
  refused([&](auto& f) { f.inputs.anchors = flat.view(); });
  refused([&](auto& f) { f.inputs.positives = wide.view(); });
  refused([&](auto& f) { f.inputs.positives = half.view(); });
  refused([&](auto& f) { f.inputs.negatives = half.view(); });
  refused([&](auto& f) { f.inputs.negatives.data = nullptr; });
  refused([&](auto& f) { f.inputs.anchor_count = three.view(); });
  refused([&](auto& f) { f.inputs.positive_count = three.view(); });
  refused([&](auto& f) { f.inputs.negative_count = three.view(); });
  refused([&](auto& f) { f.inputs.positive_index = real.view(); });
  refused([&](auto& f) { f.inputs.positive_index = ConstTensorView(); });
  refused([&](auto& f) { f.log_sum = flat.view(); });
  refused([&](auto& f) { f.miss = flat.view(); });
  refused([&](auto& f) { f.loss = flat.view(); });
  refused(unchanged, {0.0f, patch_infonce::Pairing::indexed});
  refused(unchanged, {NAN, patch_infonce::Pairing::indexed});
  refused(unchanged, {0.07f, patch_infonce::Pairing::set, true});

  const auto refused_backward = [&](const auto& change) {
    patch_infonce::Backward backward = p.backward();
    change(backward);
    check_refused("patch_infonce", {&p.danchors, &p.dpositives, &p.dnegatives},
                  [&] { patch_infonce::backward(context, backward, c.options()); });
  };
  refused_backward([&](auto& b) { b.dloss = real.view(); });
  refused_backward([&](auto& b) { b.log_sum = flat.view(); });
  refused_backward([&](auto& b) { b.danchors = wide.view(); });
  refused_backward([&](auto& b) { b.dpositives = half.view(); });
  refused_backward([&](auto& b) { b.dnegatives = TensorView(); });
  check_refused("patch_infonce", {}, [&] {
    patch_infonce::nearest(context, {p.anchors.view(), p.positives.view(), {}, {}, TensorView(real.view())});
  });
  const Problem doubles(c, DType::f64, seed);
  check_refused(
      "patch_infonce", {&doubles.loss},
      [&] { patch_infonce::forward(context, doubles.forward(), c.options()); }, ErrorKind::unsupported);
}

}  // namespace
}  // namespace attune::test
