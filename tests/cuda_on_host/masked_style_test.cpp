// The CUDA kernel of masked_style: on the host's runtime everywhere, on a GPU where there is one.
#include <catch2/catch.hpp>
#include <cstring>

#include "tests/cuda_on_host/schedule.h"
#include "tests/kernels/masked_style_check.h"

namespace attune::test {
namespace {

using Problem = MaskedStyleProblem;
using Bytes = std::vector<std::vector<char>>;

constexpr std::uint64_t seed = 20;

// The host's runtime takes about 0.1 us an access: one large case is enough.
std::vector<MaskedStyleCase> cases() {
  std::vector<MaskedStyleCase> chosen;
  for (const MaskedStyleCase& c : masked_style_cases())
    if (c.x.elements() <= 200000 || c.name == "large_3_channels") chosen.push_back(c);
  return chosen;
}

Bytes run(const MaskedStyleCase& c) {
  Context context(cuda_device);
  const Problem problem(c, c.dtype, seed, cuda_device);
  masked_style::forward(context, problem.forward());
  masked_style::backward(context, problem.backward(c.dx_mode));
  return {problem.mean.bytes(), problem.sd.bytes(), problem.weight.bytes(), problem.dx.bytes()};
}

TEST_CASE("masked_style on CUDA agrees with the reference") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const MaskedStyleCase& c : cases()) check_masked_style(context, c, seed);
}

TEST_CASE("masked_style on CUDA agrees with the reference on any number of multiprocessors") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for_each_multiprocessor_count({1, 132}, [&] {
    for (const MaskedStyleCase& c : cases())
      if (c.x.elements() <= 50000) check_masked_style(context, c, seed);
  });
}

TEST_CASE("masked_style on CUDA gives the same bits whatever the schedule") {
  if (!have_cuda_device()) return;
  for (const MaskedStyleCase& c : cases()) {
    INFO("case " << c.name << ", seed " << seed);
    Bytes first;
    for_each_schedule(c.x.elements() <= 4000 ? 16 : 2, [&] {
      const Bytes bytes = run(c);
      if (first.empty()) first = bytes;
      CHECK(bytes == first);
    });
  }
}

TEST_CASE("masked_style on CUDA: a region's constant has variance 0 whatever the other region holds") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const MaskedStyleCase c{"constant_foreground", {1, 24, 24, 8}, DType::f32, Values::random, Mask::random};
  Problem problem(c, c.dtype, seed, cuda_device);
  std::vector<double> x = problem.x.get();
  const std::vector<double> mask = problem.mask.get();
  for (std::size_t p = 0; p < mask.size(); ++p)
    for (std::size_t i = 0; i < 8; ++i) x[p * 8 + i] = mask[p] == 1 ? 1000.1 : x[p * 8 + i];
  problem.x.set(x);
  masked_style::forward(context, problem.forward());
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(problem.mean.get()[i] == static_cast<double>(1000.1f));
    CHECK(problem.sd.get()[i] == static_cast<double>(std::sqrt(1e-5f)));
  }
}

TEST_CASE("masked_style on CUDA: a region without weight gets no gradient, whatever flows into it") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const Mask mask : {Mask::empty, Mask::full}) {
    const MaskedStyleCase c{"degenerate", {2, 5, 5, 20}, DType::f32, Values::random, mask};
    Problem problem(c, c.dtype, seed, cuda_device), changed(c, c.dtype, seed, cuda_device);
    const std::size_t region = mask == Mask::empty ? 0 : 1;
    std::vector<double> upstream = changed.dmean.get();
    for (std::size_t i = 0; i < 40; ++i) upstream[region * 40 + i] = 1e30;
    changed.dmean.set(upstream);
    changed.dsd.set(upstream);
    problem.dsd.set(problem.dmean.get());
    for (const Problem* p : {&problem, &changed}) {
      masked_style::forward(context, p->forward());
      masked_style::backward(context, p->backward(GradientMode::overwrite));
      for (std::size_t i = 0; i < 40; ++i) {
        CHECK(p->mean.get()[region * 40 + i] == 0);
        CHECK(p->sd.get()[region * 40 + i] == 1);
      }
    }
    CHECK(changed.dx.bytes() == problem.dx.bytes());
  }
}

TEST_CASE("masked_style on CUDA: no variance is below 0, whatever rounding leaves") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for_each_multiprocessor_count({1, 132}, [&] { check_variance_is_not_negative(context, seed); });
}

TEST_CASE("masked_style on CUDA: a NaN stays in its own image") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const MaskedStyleCase c{"nan", {3, 9, 9, 4}};
  Problem clean(c, c.dtype, seed, cuda_device), dirty(c, c.dtype, seed, cuda_device);
  std::vector<double> x = dirty.x.get();
  x[1 * 81 * 4 + 30] = NAN;
  dirty.x.set(x);
  masked_style::forward(context, clean.forward());
  masked_style::forward(context, dirty.forward());
  for (std::size_t i = 0; i < 24; ++i) {
    const bool own = i / 4 % 3 == 1 && i % 4 == 30 % 4;
    CHECK(std::isnan(dirty.mean.get()[i]) == own);
    if (!own) CHECK(dirty.mean.get()[i] == clean.mean.get()[i]);
    if (!own) CHECK(dirty.sd.get()[i] == clean.sd.get()[i]);
  }
}

TEST_CASE("masked_style on CUDA takes no more scratch than it says") {
  if (!have_cuda_device()) return;
  for (const MaskedStyleCase& c : cases()) {
    if (c.x.elements() > 200000) continue;
    INFO("case " << c.name);
    Context context(cuda_device);
    const std::int64_t bytes = masked_style::workspace_bytes(c.x, cuda_device);
    void* scratch = context.workspace(bytes);
    const Problem problem(c, c.dtype, seed, cuda_device);
    masked_style::forward(context, problem.forward());
    context.synchronize();
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

TEST_CASE("masked_style on CUDA has no double precision") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const Problem problem({"f64", {1, 3, 3, 4}}, DType::f64, seed, cuda_device);
  try {
    masked_style::forward(context, problem.forward());
    FAIL_CHECK("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::unsupported);
  }
}

}  // namespace
}  // namespace attune::test
