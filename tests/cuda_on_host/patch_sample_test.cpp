#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/cuda_on_host/patch_sample_kernels.h"
#include "tests/kernels/patch_sample_check.h"
#include "tests/support/op_checks.h"

namespace attune::test {
namespace {

using patch_sample::Region;

// As cuda_op_checks.h names it.
struct NamedCase : PatchSampleCase {
  NamedCase(const PatchSampleCase& c) : PatchSampleCase(c), name(c.name()) {}
  std::string name;
};

struct PatchSample {
  static std::vector<NamedCase> cases() {
    std::vector<NamedCase> all;
    for (const PatchSampleCase& c : patch_sample_cases()) all.emplace_back(c);
    return all;
  }
  static std::int64_t elements(const PatchSampleCase& c) {
    return c.images * std::max(c.height * c.width, c.samples) * std::max<std::int64_t>(1, c.channels);
  }
  static void check(Context& context, const PatchSampleCase& c) { check_patch_sample(context, c); }
  static Bytes bits(Context& context, const PatchSampleCase& c) {
    const PatchSampleSetup s(c, context.device());
    patch_sample::draw(context, s.draw(), options_of(c));
    patch_sample::gather(context, s.gather());
    patch_sample::scatter(context, s.scatter());
    context.synchronize();
    return {s.indices.bytes(), s.count.bytes(), s.z.bytes(), s.dx.bytes()};
  }
};

TEST_CASE("patch_sample on CUDA draws the reference's indices, gathers its rows and scatters its sums") {
  check_agreement<PatchSample>();
}

TEST_CASE("patch_sample on CUDA gives the same bits whatever the schedule") {
  check_schedules<PatchSample>();
}

TEST_CASE("patch_sample on CUDA scatters equal indices, accumulates and ignores") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  check_equal_indices(context);
  check_scatter_modes(context);
}

TEST_CASE("patch_sample on CUDA draws from the region alone, by every option") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  check_draws_from_the_region(context);
  check_region_limits(context);
  check_choice(context);
  check_draws_together(context);
}

// Fewer candidates than samples, as many as are sorted at a time, and more.
TEST_CASE("patch_sample on CUDA draws more samples than it sorts at a time") {
  if (!have_cuda_device()) return;
  Context cuda(cuda_device), cpu({}, 1);
  for (const std::int64_t samples : {4096, 4097, 4800, 5000}) {
    INFO(samples << " samples");
    const PatchSampleCase c{2, 70, 70, 0, samples, Mask::full};
    PatchSampleSetup on_cuda(c, cuda_device), on_cpu(c);
    patch_sample::draw(cuda, on_cuda.draw(), options_of(c));
    patch_sample::draw(cpu, on_cpu.draw(), options_of(c));
    CHECK((on_cuda.indices.bytes() == on_cpu.indices.bytes()));
    CHECK(on_cuda.count.bytes() == on_cpu.count.bytes());
  }
}

// One more item than are sorted at a time with one first digit: the second digit decides.
TEST_CASE("patch_sample on CUDA takes a section's last item, and no more items than it sorts") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  constexpr std::uint64_t last_of_a_digit = (std::uint64_t{1} << 56) - 1,
                          second_digit = std::uint64_t{1} << 48;
  CHECK(smallest_items(context, {last_of_a_digit + 1, last_of_a_digit, 7}, 2) ==
        std::vector<std::uint64_t>{7, last_of_a_digit});

  std::vector<std::uint64_t> items;
  for (std::uint64_t i = 0; i < 4097; ++i) items.push_back(i < 4090 ? i : second_digit + i);
  const std::vector<std::uint64_t> first(items.begin(), items.begin() + 4090);
  CHECK((smallest_items(context, items, 4000) == first));
  CHECK(smallest_items(context, items, 4096).size() == 4096);
}

TEST_CASE("patch_sample on CUDA sums equal indices in the order of their rows") {
  if (!have_cuda_device()) return;
  Context cuda(cuda_device), cpu({}, 1);
  for (const std::int64_t channels : {3, 4, 132}) {
    const PatchSampleCase c{2, 3, 3, channels, 200, Mask::full};
    PatchSampleSetup on_cuda(c, cuda_device), on_cpu(c);
    std::vector<double> indices(400);
    for (std::size_t k = 0; k < indices.size(); ++k) indices[k] = static_cast<double>(k * k % 10) - 1;
    for (PatchSampleSetup* s : {&on_cuda, &on_cpu}) {
      s->indices.set(indices);
      s->count.set({200, 131});
    }
    patch_sample::scatter(cuda, on_cuda.scatter());
    patch_sample::scatter(cpu, on_cpu.scatter());
    CHECK(on_cuda.dx.bytes() == on_cpu.dx.bytes());
  }
}

// Rows of a warp's width are looked through at a time: equal ones at the edges of these, and one behind the count.
TEST_CASE("patch_sample on CUDA finds equal indices wherever they are, and adds") {
  if (!have_cuda_device()) return;
  Context cuda(cuda_device), cpu({}, 1);
  for (const std::int64_t channels : {3, 4, 132}) {
    const PatchSampleCase c{2, 9, 9, channels, 70, Mask::full};
    PatchSampleSetup on_cuda(c, cuda_device), on_cpu(c);
    std::vector<double> indices(140);
    for (std::size_t k = 0; k < indices.size(); ++k) indices[k] = static_cast<double>(k % 70);
    for (const std::size_t image : {0u, 70u}) {
      indices[image + 5] = indices[image];
      for (const std::size_t edge : {32u, 64u, 68u}) indices[image + edge + 1] = indices[image + edge];
    }
    const std::vector<double> before = make_values(Values::random, on_cpu.dx.shape().elements(), 3);
    for (PatchSampleSetup* s : {&on_cuda, &on_cpu}) {
      s->indices.set(indices);
      s->count.set({70, 40});
      s->dx.set(before);
    }
    patch_sample::scatter(cuda, on_cuda.scatter(GradientMode::accumulate));
    patch_sample::scatter(cpu, on_cpu.scatter(GradientMode::accumulate));
    CHECK(on_cuda.dx.bytes() == on_cpu.dx.bytes());
  }
}

TEST_CASE("patch_sample on CUDA takes no more scratch than it says") {
  if (!have_cuda_device()) return;
  for (const NamedCase& c : cases_up_to<PatchSample>(few_elements)) {
    INFO(c.name);
    Context context(cuda_device);
    const std::int64_t bytes =
        patch_sample::workspace_bytes(c.images, c.height * c.width, c.samples, cuda_device);
    void* scratch = context.workspace(bytes);
    PatchSample::bits(context, c);
    CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
  }
}

TEST_CASE("patch_sample on CUDA has no double precision") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const PatchSampleSetup s({1, 3, 3, 4, 5, Mask::full, Region::foreground, DType::f64}, cuda_device);
  const TestTensor mask(s.mask.shape(), DType::f64, 0, cuda_device);
  check_refused(
      "patch_sample", {&s.indices, &s.count},
      [&] {
        patch_sample::draw(context, {mask.view(), s.indices.view(), s.count.view()}, {});
      },
      ErrorKind::unsupported);
  check_refused(
      "patch_sample", {&s.z}, [&] { patch_sample::gather(context, s.gather()); }, ErrorKind::unsupported);
  check_refused(
      "patch_sample", {&s.dx}, [&] { patch_sample::scatter(context, s.scatter()); }, ErrorKind::unsupported);
}

}  // namespace
}  // namespace attune::test
