// The CUDA kernels of patch_infonce: on the host's runtime everywhere, on a GPU where there is one.
#include "tests/cuda_on_host/cuda_op_checks.h"
#include "tests/kernels/patch_infonce_properties.h"

namespace attune::test {
namespace {

constexpr std::uint64_t seed = 30;

struct NamedCase : PatchInfoNceCase {
  std::string name;
};

void find_nearest(Context& context, const PatchInfoNceProblem& p) {
  const patch_infonce::Inputs in = p.inputs();
  patch_infonce::nearest(
      context, {in.anchors, in.positives, in.anchor_count, in.positive_count, p.positive_index.view()});
}

struct PatchInfoNce {
  static std::vector<NamedCase> cases() {
    std::vector<NamedCase> all;
    for (const PatchInfoNceCase& c : patch_infonce_cases()) all.push_back({c, c.name()});
    return all;
  }
  // A multiply-add is 1/8 of an access, and what becomes of a logit about as much as 8 of them; 4 times in all. Twice that,
  // so that trying a mutant takes less time.
  static std::int64_t elements(const NamedCase& c) {
    const patch_infonce::Extents& e = c.extents;
    const std::int64_t logits = e.anchors * (e.positives + e.negatives);
    return 2 * e.images *
           std::max((e.anchors + e.positives + e.negatives) * e.depth, logits * (e.depth + 8) / 32);
  }
  static void check(Context& context, const NamedCase& c) { PatchInfoNceExpectation(c, seed).check(context); }
  static Bytes bits(Context& context, const NamedCase& c) {
    const PatchInfoNceProblem p(c, c.dtype, seed, context.device());
    patch_infonce::forward(context, p.forward(), c.options());
    patch_infonce::backward(context, p.backward(), c.options());
    find_nearest(context, p);
    context.synchronize();
    return {p.loss.bytes(),       p.log_sum.bytes(),    p.miss.bytes(),          p.danchors.bytes(),
            p.dpositives.bytes(), p.dnegatives.bytes(), p.positive_index.bytes()};
  }
};

// A schedule runs all three functions: about three times a check of one.
struct PatchInfoNceRun : PatchInfoNce {
  static std::int64_t elements(const NamedCase& c) { return 3 * PatchInfoNce::elements(c); }
};

TEST_CASE("patch_infonce on CUDA agrees with the reference") { check_agreement<PatchInfoNce>(); }

TEST_CASE("patch_infonce on CUDA gives the same bits whatever the schedule") {
  check_schedules<PatchInfoNceRun>();
}

TEST_CASE("patch_infonce on CUDA keeps its contract") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  SECTION("gradient modes") { check_gradient_modes(context, seed); }
  SECTION("one gradient") { check_one_gradient(context, seed); }
  SECTION("no image contributes") { check_no_image_contributes(context, seed); }
  SECTION("the mean over the images that contribute") { check_mean_over_images(context, seed); }
  SECTION("the digits of a tiny loss") { check_tiny_loss(context, seed); }
  SECTION("rows without direction") { check_rows_without_direction(context, seed); }
  SECTION("opposite rows") { check_opposite_rows(context); }
  SECTION("the nearest positive") { check_nearest(context, seed); }
}

TEST_CASE("patch_infonce on CUDA pairs rows of the same index") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  check_same_index(context);
}

TEST_CASE("patch_infonce on CUDA takes no more scratch than it says") {
  if (!have_cuda_device()) return;
  for_each_multiprocessor_count({1, 132}, [&] {
    for (const InfoNceMode mode : all_infonce_modes) {
      const PatchInfoNceCase c{{2, 65, 63, 66, 4}, mode};
      Context context(cuda_device);
      const std::int64_t bytes = patch_infonce::workspace_bytes(c.extents, cuda_device);
      void* const scratch = context.workspace(bytes);
      PatchInfoNce::bits(context, {c, c.name()});
      CHECK(context.workspace(bytes) == scratch);  // it would have moved, had it grown
    }
  });
}

TEST_CASE("patch_infonce on CUDA has no double precision") {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  const PatchInfoNceCase c{{1, 3, 4, 5, 6}};
  const PatchInfoNceProblem p(c, DType::f64, seed, cuda_device);
  const auto refused = [&](const auto& call) {
    check_refused("patch_infonce", {&p.loss, &p.danchors, &p.positive_index}, call, ErrorKind::unsupported);
  };
  refused([&] { patch_infonce::forward(context, p.forward(), c.options()); });
  refused([&] { patch_infonce::backward(context, p.backward(), c.options()); });
  refused([&] { find_nearest(context, p); });
}

}  // namespace
}  // namespace attune::test
