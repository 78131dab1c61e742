#include "tests/kernels/patch_sample_check.h"

#include <numeric>

#include "tests/support/cpu_targets.h"

using namespace attune;
using namespace attune::test;

namespace {

using Setup = PatchSampleSetup;

template <class Call>
void check_argument_error(const Call& call) {
  try {
    call();
    FAIL("no error was thrown");
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.kind() == ErrorKind::argument);
  }
}

}  // namespace

TEST_CASE("patch_sample draws the reference's indices, gathers its rows and scatters its sums") {
  Context context({}, 1);
  for_each_cpu_target([&] {
    for (const PatchSampleCase& c : patch_sample_cases()) check_patch_sample(context, c);
  });
}

TEST_CASE("patch_sample scatter sums equal indices, with and without a count") {
  Context context({}, 1);
  check_equal_indices(context);
}

TEST_CASE("patch_sample scatter accumulates, or does nothing, where it is told to") {
  Context context({}, 1);
  check_scatter_modes(context);
}

TEST_CASE("patch_sample scatter is the adjoint of gather") {
  // <gather(x), dz> = <x, scatter(dz)> in the reference; the op is held to the reference above.
  const TestTensor x({2, 4, 4, 3}, DType::f64, make_values(Values::random, 96, 1));
  const TestTensor dz({2, 9, 3}, DType::f64, make_values(Values::random, 54, 2));
  TestTensor indices({2, 9}, DType::i32);
  std::vector<double> pixels(18);
  for (std::size_t k = 0; k < pixels.size(); ++k) pixels[k] = static_cast<double>(k * 7 % 17) - 1;
  indices.set(pixels);
  const TestTensor z({2, 9, 3}, DType::f64), dx({2, 4, 4, 3}, DType::f64);
  reference::patch_sample::gather<double>({x.view(), indices.view(), z.view()});
  reference::patch_sample::scatter<double>({dz.view(), indices.view(), {}, dx.view()});
  const auto dot = [](const TestTensor& a, const TestTensor& b) {
    const std::vector<double> left = a.get(), right = b.get();
    return std::inner_product(left.begin(), left.end(), right.begin(), 0.0);
  };
  CHECK(dot(z, dz) == Approx(dot(x, dx)).epsilon(1e-14));
}

TEST_CASE("patch_sample draws without replacement, from the region alone, and repeats in order") {
  Context context({}, 1);
  check_draws_from_the_region(context);
  check_draws_together(context);
}

TEST_CASE("patch_sample takes 0.5 as foreground, and NaN as neither region") {
  Context context({}, 1);
  check_region_limits(context);
}

TEST_CASE("patch_sample's choice depends on every option, and on the image alone within a batch") {
  Context context({}, 1);
  check_choice(context);
}

TEST_CASE("patch_sample draws uniformly") {
  Context context({}, 1);
  Setup s({1, 8, 8, 1, 16, Mask::full});
  std::vector<int> hits(64, 0);
  constexpr int steps = 4000;
  for (std::uint32_t step = 0; step < steps; ++step) {
    patch_sample::Options options;
    options.step = step;
    patch_sample::draw(context, s.draw(), options);
    for (const double p : s.indices.get()) ++hits[static_cast<std::size_t>(p)];
  }
  // A pixel is drawn with probability 1/4: five standard deviations of the binomial.
  for (const int count : hits) CHECK(count == Approx(steps / 4).margin(5 * std::sqrt(steps * 0.25 * 0.75)));
}

TEST_CASE("patch_sample gives the same bits on 1, 2 and 4 threads and on a repeated run") {
  const PatchSampleCase c{5, 31, 33, 33, 65, Mask::random};
  Setup first(c);
  Context one({}, 1);
  const auto run = [&](Context& context, const Setup& s) {
    patch_sample::draw(context, s.draw(), options_of(c));
    patch_sample::gather(context, s.gather());
    patch_sample::scatter(context, s.scatter());
  };
  run(one, first);
  for (const int threads : {1, 2, 4}) {
    Context context({}, threads);
    for (int repetition = 0; repetition < 2; ++repetition) {
      const Setup s(c);
      run(context, s);
      CHECK((s.indices.bytes() == first.indices.bytes()));
      CHECK((s.count.bytes() == first.count.bytes()));
      CHECK((s.z.bytes() == first.z.bytes()));
      CHECK((s.dx.bytes() == first.dx.bytes()));
    }
  }
}

TEST_CASE("patch_sample refuses arguments that break the contract, and writes nothing") {
  Context context({}, 1);
  const PatchSampleCase c{2, 4, 4, 3, 5, Mask::random};
  const Setup s(c);
  const TestTensor wide({2, 6}, DType::i32), real({2, 5}, DType::f32), half({2, 4, 4}, DType::bf16);
  const auto poison = s.indices.bytes();

  patch_sample::Draw draw = s.draw();
  draw.mask = half.view();
  check_argument_error([&] { patch_sample::draw(context, draw, {}); });
  draw = s.draw();
  draw.indices = real.view();
  check_argument_error([&] { patch_sample::draw(context, draw, {}); });
  draw = s.draw();
  draw.count = TensorView(s.count.view().data, {1}, DType::i32);
  check_argument_error([&] { patch_sample::draw(context, draw, {}); });
  draw = s.draw();
  draw.indices.data = nullptr;
  check_argument_error([&] { patch_sample::draw(context, draw, {}); });
  for (const int broken : {0, 1, 2, 3, 4}) {
    patch_sample::Options options;
    if (broken == 0) options.level = -1;
    if (broken == 1) options.level = 1 << 24;
    if (broken == 2) options.set = 256;
    if (broken == 3) options.first_image = -1;
    if (broken == 4) options.first_image = (std::int64_t{1} << 32) - 1;
    INFO("option " << broken);
    check_argument_error([&] { patch_sample::draw(context, s.draw(), options); });
  }
  const std::vector<patch_sample::SeededDraw> too_many(patch_sample::most_draws + 1, {s.draw(), {}});
  check_argument_error([&] { patch_sample::draw(context, too_many); });
  CHECK(s.indices.bytes() == poison);

  patch_sample::Gather gather = s.gather();
  gather.indices = wide.view();
  check_argument_error([&] { patch_sample::gather(context, gather); });
  patch_sample::Scatter scatter = s.scatter();
  scatter.dz = s.x.view();
  check_argument_error([&] { patch_sample::scatter(context, scatter); });
  scatter = s.scatter();
  scatter.count = wide.view();
  check_argument_error([&] { patch_sample::scatter(context, scatter); });
}
