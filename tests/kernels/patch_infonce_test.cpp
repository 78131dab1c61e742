#include <catch2/catch.hpp>

#include "tests/kernels/patch_infonce_properties.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {
namespace {

using Problem = PatchInfoNceProblem;

constexpr std::uint64_t seed = 30;

TEST_CASE("patch_infonce agrees with the reference") {
  Context context({}, 1);
  for (const PatchInfoNceCase& c : patch_infonce_cases()) {
    const PatchInfoNceExpectation expected(c, seed);
    for_each_cpu_target([&] { expected.check(context); });
  }
}

TEST_CASE("patch_infonce's reference backward is the derivative of its forward") {
  for (const InfoNceMode mode : all_infonce_modes)
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
  check_gradient_modes(context, seed);
}

TEST_CASE("patch_infonce writes one gradient where only one is asked for") {
  Context context({}, 1);
  check_one_gradient(context, seed);
}

TEST_CASE("patch_infonce has no loss and no gradient where no image contributes") {
  Context context({}, 1);
  check_no_image_contributes(context, seed);
}

TEST_CASE("patch_infonce takes the mean over the images that contribute") {
  Context context({}, 1);
  check_mean_over_images(context, seed);
}

TEST_CASE("patch_infonce keeps the digits of a tiny loss") {
  Context context({}, 1);
  for_each_cpu_target([&] { check_tiny_loss(context, seed); });
}

TEST_CASE("patch_infonce gives a row without direction no gradient") {
  Context context({}, 1);
  check_rows_without_direction(context, seed);
}

TEST_CASE("patch_infonce finds the nearest positive, the first of equals") {
  Context context({}, 1);
  for_each_cpu_target([&] { check_nearest(context, seed); });
}

TEST_CASE("patch_infonce pairs rows of the same index") {
  Context context({}, 1);
  check_same_index(context);
  const TestTensor flat({4}, DType::i32), real({2, 2}, DType::f32);
  for (const TestTensor* wrong : {&flat, &real})
    check_refused("patch_infonce", {wrong}, [&] { patch_infonce::same_index(context, wrong->view()); });
}

TEST_CASE("patch_infonce gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  for_each_cpu_target([&] {
    for (const InfoNceMode mode : all_infonce_modes) {
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
