// A patch_sample problem on any device, and the checks that every device passes.
#pragma once

#include <cmath>
#include <set>

#include "core/context.h"
#include "tests/kernels/patch_sample_cases.h"
#include "tests/reference/patch_sample_reference.h"
#include "tests/support/compare.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

inline patch_sample::Options options_of(const PatchSampleCase& c) {
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
struct PatchSampleSetup {
  explicit PatchSampleSetup(const PatchSampleCase& c, Device device = {}, std::uint64_t seed = 1)
      : mask({c.images, c.height, c.width}, DType::f32, make_mask(c.mask, c.images, c.height * c.width, seed),
             c.offset, device),
        indices({c.images, c.samples}, DType::i32, c.offset, device),
        count({c.images}, DType::i32, c.offset, device),
        x({c.images, c.height, c.width, c.channels}, c.dtype, c.offset, device),
        z({c.images, c.samples, c.channels}, c.dtype, c.offset, device),
        dz({c.images, c.samples, c.channels}, c.dtype, c.offset, device),
        dx({c.images, c.height, c.width, c.channels}, c.dtype, c.offset, device) {
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
inline std::vector<double> expected_scatter(const PatchSampleSetup& s, bool counted, GradientMode mode,
                                            const std::vector<double>& before) {
  const TestTensor dz(s.dz.shape(), DType::f64, s.dz.get());
  const TestTensor dx(s.dx.shape(), DType::f64, before);
  const TestTensor indices(s.indices.shape(), DType::i32, s.indices.get());
  const TestTensor count(s.count.shape(), DType::i32, s.count.get());
  reference::patch_sample::scatter<double>({dz.view(), indices.view(),
                                            counted ? ConstTensorView(count.view()) : ConstTensorView(),
                                            dx.view(), mode});
  return dx.get();
}

// As many draws as share a launch, of other sizes, regions and options each: as one after the other.
inline void check_draws_together(Context& context) {
  std::vector<PatchSampleCase> cases;
  std::vector<patch_sample::Options> options;
  for (int i = 0; i < static_cast<int>(patch_sample::most_draws); ++i) {
    cases.push_back({1 + i % 3, 1 + i, i == 4 ? 0 : 33 - i, 0, 3 + 7 * i, Mask::random});
    options.push_back(options_of(cases.back()));
    options.back().level = i;
    options.back().region = i % 2 ? patch_sample::Region::background : patch_sample::Region::foreground;
  }
  std::vector<PatchSampleSetup> together, alone;
  for (const PatchSampleCase& c : cases) {
    together.emplace_back(c, context.device());
    alone.emplace_back(c, context.device());
  }
  std::vector<patch_sample::SeededDraw> draws;
  for (std::size_t i = 0; i < cases.size(); ++i) draws.push_back({together[i].draw(), options[i]});
  patch_sample::draw(context, draws);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("draw " << i);
    patch_sample::draw(context, alone[i].draw(), options[i]);
    context.synchronize();
    CHECK((together[i].indices.bytes() == alone[i].indices.bytes()));
    CHECK(together[i].count.bytes() == alone[i].count.bytes());
  }
}

// Draw and gather to the bit, scatter within its tolerance.
inline void check_patch_sample(Context& context, const PatchSampleCase& c) {
  INFO(c.name());
  const PatchSampleSetup actual(c, context.device()), expected(c);
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
  CHECK(relative_error(actual.dx.get(), expected_scatter(actual, true, GradientMode::overwrite, zeros)) <=
        tolerance(c.dtype, 0));
}

// Equal indices, with and without a count.
inline void check_equal_indices(Context& context) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const bool counted : {false, true}) {
      INFO(attune::name_of(dtype) << (counted ? ", counted" : ""));
      PatchSampleSetup s({2, 3, 3, 35, 40, Mask::random, patch_sample::Region::foreground, dtype, 1},
                         context.device());
      std::vector<double> indices(80);
      for (std::size_t k = 0; k < indices.size(); ++k) indices[k] = static_cast<double>(k * k % 10) - 1;
      s.indices.set(indices);
      s.count.set({23, 0});
      patch_sample::Scatter scatter = s.scatter();
      if (!counted) scatter.count = {};
      patch_sample::scatter(context, scatter);
      const std::vector<double> zeros(static_cast<std::size_t>(s.dx.shape().elements()), 0.0);
      CHECK(relative_error(s.dx.get(), expected_scatter(s, counted, GradientMode::overwrite, zeros)) <=
            (dtype == DType::bf16 ? 2e-3 : 1e-6));  // one rounding to bf16 of the sum, not one a row
    }
}

// Accumulates, or does nothing, where it is told to.
inline void check_scatter_modes(Context& context) {
  PatchSampleSetup s({2, 7, 13, 5, 16, Mask::random}, context.device());
  patch_sample::draw(context, s.draw(), {});
  const std::vector<double> before = make_values(Values::random, s.dx.shape().elements(), 5);
  s.dx.set(before);
  const std::vector<double> start = s.dx.get();
  patch_sample::scatter(context, s.scatter(GradientMode::ignore));
  CHECK(s.dx.get() == start);
  patch_sample::scatter(context, s.scatter(GradientMode::accumulate));
  CHECK(relative_error(s.dx.get(), expected_scatter(s, true, GradientMode::accumulate, start)) <= 1e-6);
}

// Without replacement, from the region alone, repeated in order.
inline void check_draws_from_the_region(Context& context) {
  const PatchSampleSetup s({3, 7, 13, 1, 200, Mask::soft, patch_sample::Region::background},
                           context.device());
  patch_sample::draw(context, s.draw(),
                     options_of({3, 7, 13, 1, 200, Mask::soft, patch_sample::Region::background}));
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

// 0.5 is foreground, and NaN neither region.
inline void check_region_limits(Context& context) {
  PatchSampleSetup s({1, 1, 4, 1, 4, Mask::full}, context.device());
  s.mask.set({0.5, std::nextafter(0.5f, 0.0f), NAN, 0.0});
  for (const patch_sample::Region region :
       {patch_sample::Region::foreground, patch_sample::Region::background}) {
    patch_sample::Options options;
    options.region = region;
    patch_sample::draw(context, s.draw(), options);
    const std::vector<double> indices = s.indices.get();
    const std::set<double> expected =
        region == patch_sample::Region::foreground ? std::set<double>{0} : std::set<double>{1, 3};
    CHECK(std::set<double>(indices.begin(), indices.end()) == expected);
  }
}

// The choice depends on every option, and on the image alone within a batch.
inline void check_choice(Context& context) {
  const auto drawn = [&](const patch_sample::Options& options, std::int64_t images = 1) {
    PatchSampleSetup s({images, 16, 16, 1, 32, Mask::full}, context.device());
    s.mask.set(std::vector<double>(static_cast<std::size_t>(256 * images),
                                   options.region == patch_sample::Region::foreground ? 1.0 : 0.0));
    patch_sample::draw(context, s.draw(), options);
    return s.indices.get();
  };
  const patch_sample::Options start = options_of({1, 16, 16, 1, 32, Mask::full});
  const std::vector<double> first = drawn(start);
  patch_sample::Options other = start;
  other.region = patch_sample::Region::background;
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

}  // namespace attune::test
