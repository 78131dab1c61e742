#include "tests/kernels/patch_sample_cases.h"

#include <numeric>
#include <set>

#include "core/context.h"
#include "tests/reference/patch_sample_reference.h"
#include "tests/support/compare.h"
#include "tests/support/cpu_targets.h"
#include "tests/support/test_tensor.h"

using namespace attune;
using namespace attune::test;
using patch_sample::Region;

namespace {

patch_sample::Options options_of(const PatchSampleCase& c) {
  patch_sample::Options options;
  options.seed = 0x123456789abcdef0;
  options.step = 17;
  options.first_image = 1000;
  options.level = 3;
  options.set = 2;
  options.region = c.region;
  return options;
}

// Everything a case reads and writes, the inputs filled.
struct Setup {
  explicit Setup(const PatchSampleCase& c, std::uint64_t seed = 1)
      : mask({c.images, c.height, c.width}, DType::f32, make_mask(c.mask, c.images, c.height * c.width, seed),
             c.offset),
        indices({c.images, c.samples}, DType::i32, c.offset),
        count({c.images}, DType::i32, c.offset),
        x({c.images, c.height, c.width, c.channels}, c.dtype, c.offset),
        z({c.images, c.samples, c.channels}, c.dtype, c.offset),
        dz({c.images, c.samples, c.channels}, c.dtype, c.offset),
        dx({c.images, c.height, c.width, c.channels}, c.dtype, c.offset) {
    x.set(make_values(Values::random, x.shape().elements(), seed + 1));
    dz.set(make_values(Values::random, dz.shape().elements(), seed + 2));
  }

  patch_sample::Draw draw() const { return {mask.view(), indices.view(), count.view()}; }
  patch_sample::Gather gather() const { return {x.view(), indices.view(), z.view()}; }
  patch_sample::Scatter scatter(GradientMode mode = GradientMode::overwrite) const {
    return {dz.view(), indices.view(), count.view(), dx.view(), mode};
  }

  TestTensor mask, indices, count, x, z, dz, dx;
};

// The values that reference::scatter makes of this setup in double, `dx` holding `before`.
std::vector<double> expected_scatter(const Setup& s, ConstTensorView count, GradientMode mode,
                                     const std::vector<double>& before) {
  const TestTensor dz(s.dz.shape(), DType::f64, s.dz.get());
  const TestTensor dx(s.dx.shape(), DType::f64, before);
  reference::patch_sample::scatter<double>({dz.view(), s.indices.view(), count, dx.view(), mode});
  return dx.get();
}

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
    for (const PatchSampleCase& c : patch_sample_cases()) {
      INFO(c.name());
      const Setup actual(c), expected(c);
      patch_sample::draw(context, actual.draw(), options_of(c));
      reference::patch_sample::draw<float>(expected.draw(), options_of(c));
      CHECK((actual.count.get() == expected.count.get()));
      CHECK((actual.indices.get() == expected.indices.get()));

      patch_sample::gather(context, actual.gather());
      c.dtype == DType::f32 ? reference::patch_sample::gather<float>(expected.gather())
                            : reference::patch_sample::gather<bfloat16>(expected.gather());
      CHECK((actual.z.bytes() == expected.z.bytes()));
      CHECK((actual.z.get() == expected.z.get()));

      const std::vector<double> zeros(static_cast<std::size_t>(actual.dx.shape().elements()), 0.0);
      patch_sample::scatter(context, actual.scatter());
      CHECK(relative_error(actual.dx.get(),
                           expected_scatter(actual, actual.count.view(), GradientMode::overwrite, zeros)) <=
            tolerance(c.dtype, 0));
    }
  });
}

TEST_CASE("patch_sample scatter sums equal indices, with and without a count") {
  Context context({}, 1);
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const bool counted : {false, true}) {
      INFO(attune::name_of(dtype) << (counted ? ", counted" : ""));
      Setup s({2, 3, 3, 35, 40, Mask::random, Region::foreground, dtype, 1});
      std::vector<double> indices(80);
      for (std::size_t k = 0; k < indices.size(); ++k) indices[k] = static_cast<double>(k * k % 10) - 1;
      s.indices.set(indices);
      s.count.set({23, 0});
      const ConstTensorView count = counted ? ConstTensorView(s.count.view()) : ConstTensorView();
      patch_sample::Scatter scatter = s.scatter();
      scatter.count = count;
      patch_sample::scatter(context, scatter);
      const std::vector<double> zeros(static_cast<std::size_t>(s.dx.shape().elements()), 0.0);
      CHECK(relative_error(s.dx.get(), expected_scatter(s, count, GradientMode::overwrite, zeros)) <=
            (dtype == DType::bf16 ? 2e-3 : 1e-6));  // one rounding to bf16 of the sum, not one a row
    }
}

TEST_CASE("patch_sample scatter accumulates, or does nothing, where it is told to") {
  Context context({}, 1);
  Setup s({2, 7, 13, 5, 16, Mask::random});
  patch_sample::draw(context, s.draw(), {});
  const std::vector<double> before = make_values(Values::random, s.dx.shape().elements(), 5);
  s.dx.set(before);
  const std::vector<double> start = s.dx.get();
  patch_sample::scatter(context, s.scatter(GradientMode::ignore));
  CHECK(s.dx.get() == start);
  patch_sample::scatter(context, s.scatter(GradientMode::accumulate));
  CHECK(relative_error(s.dx.get(), expected_scatter(s, s.count.view(), GradientMode::accumulate, start)) <=
        1e-6);
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
  const Setup s({3, 7, 13, 1, 200, Mask::soft, Region::background});
  patch_sample::draw(context, s.draw(), options_of({3, 7, 13, 1, 200, Mask::soft, Region::background}));
  const std::vector<double> mask = s.mask.get(), indices = s.indices.get(), count = s.count.get();
  for (std::size_t n = 0; n < 3; ++n) {
    const auto distinct = static_cast<std::size_t>(count[n]);
    const auto first = indices.begin() + static_cast<std::ptrdiff_t>(200 * n);
    const std::set<double> seen(first, first + 200);
    CHECK(seen.size() == distinct);
    CHECK(static_cast<std::ptrdiff_t>(distinct) ==
          std::count_if(mask.begin() + static_cast<std::ptrdiff_t>(91 * n),
                        mask.begin() + static_cast<std::ptrdiff_t>(91 * (n + 1)),
                        [](double m) { return m < 0.5; }));
    for (std::size_t k = 0; k < 200; ++k) {
      CHECK(mask[91 * n + static_cast<std::size_t>(indices[200 * n + k])] < 0.5);
      CHECK(indices[200 * n + k] == indices[200 * n + k % distinct]);
    }
  }
}

TEST_CASE("patch_sample takes 0.5 as foreground, and NaN as neither region") {
  Context context({}, 1);
  Setup s({1, 1, 4, 1, 4, Mask::full});
  s.mask.set({0.5, std::nextafter(0.5f, 0.0f), NAN, 0.0});
  for (const Region region : {Region::foreground, Region::background}) {
    patch_sample::Options options;
    options.region = region;
    patch_sample::draw(context, s.draw(), options);
    const std::vector<double> indices = s.indices.get();
    const std::set<double> expected =
        region == Region::foreground ? std::set<double>{0} : std::set<double>{1, 3};
    CHECK(std::set<double>(indices.begin(), indices.end()) == expected);
  }
}

TEST_CASE("patch_sample's choice depends on every option, and on the image alone within a batch") {
  Context context({}, 1);
  const auto drawn = [&](const patch_sample::Options& options, std::int64_t images = 1) {
    Setup s({images, 16, 16, 1, 32, Mask::full});
    s.mask.set(std::vector<double>(static_cast<std::size_t>(256 * images),
                                   options.region == Region::foreground ? 1.0 : 0.0));
    patch_sample::draw(context, s.draw(), options);
    return s.indices.get();
  };
  const patch_sample::Options start = options_of({1, 16, 16, 1, 32, Mask::full});
  const std::vector<double> first = drawn(start);
  patch_sample::Options other = start;
  other.region = Region::background;
  CHECK(drawn(other) == first);  // the key does not depend on the region
  (other = start).seed ^= std::uint64_t{1} << 40;
  CHECK(drawn(other) != first);
  (other = start).step += 1;
  CHECK(drawn(other) != first);
  (other = start).level += 1;
  CHECK(drawn(other) != first);
  (other = start).set += 1;
  CHECK(drawn(other) != first);
  (other = start).first_image += 1;
  const std::vector<double> second = drawn(other);
  CHECK(second != first);
  std::vector<double> both = first;
  both.insert(both.end(), second.begin(), second.end());
  CHECK(drawn(start, 2) == both);
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
