// What a named reading stands for, and contrastive options that make no loss.
#include <catch2/catch.hpp>

#include "tests/losses/contrast_graph.h"
#include "tests/support/errors.h"

namespace attune::test {

using patch_sample::Region;

TEST_CASE("Named readings set the sets and the matching, and nothing else") {
  const PatchSet output_foreground{Branch::output, Region::foreground};
  const PatchSet real_foreground{Branch::real, Region::foreground};
  const PatchSet real_background{Branch::real, Region::background};
  const PatchSet composite_foreground{Branch::composite, Region::foreground};
  struct Reading {
    const char* name;
    PatchSet anchor, positive, negative;
    Matching matching;
  };
  for (const Reading& reading :
       {Reading{"attract", output_foreground, real_background, composite_foreground, Matching::set},
        Reading{"aligned", output_foreground, real_foreground, real_foreground, Matching::index},
        Reading{"literal", real_background, output_foreground, output_foreground, Matching::nearest}}) {
    RegionContrastOptions options;
    options.temperature = 0.5f;
    options.samples = 3;
    options.trains_encoder = true;
    apply_reading(reading.name, options);
    INFO(reading.name);
    CHECK(options.anchor == reading.anchor);
    CHECK(options.positive == reading.positive);
    CHECK(options.negative == reading.negative);
    CHECK(options.matching == reading.matching);
    CHECK((options.temperature == 0.5f && options.samples == 3 && options.trains_encoder));
  }
  RegionContrastOptions options;
  const Error error = error_of([&] { apply_reading("repel", options); });
  CHECK(error.kind() == ErrorKind::configuration);
  CHECK(contains(error.what(), "\"repel\", expected attract, aligned or literal"));
}

TEST_CASE("Contrastive options that make no loss are refused") {
  const auto refusal = [](const RegionContrastOptions& options) {
    const Error error = error_of([&] { ContrastGraph(options, 1); });
    CHECK(error.kind() == ErrorKind::configuration);
    return std::string(error.what());
  };
  CHECK(contains(refusal(options_for("attract", {0, 3})), "loss.contrast.levels: 3, expected 0 to 2"));
  CHECK(contains(refusal(options_for("attract", {-1})), "loss.contrast.levels: -1"));
  RegionContrastOptions options = options_for("attract");
  options.matching = Matching::index;
  CHECK(contains(refusal(options), "matching \"index\" needs anchor and positive of one region"));
  options = options_for("aligned");
  options.matching = Matching::set;
  CHECK(contains(refusal(options), "matching \"set\" needs negatives that are not the positives"));
}

}  // namespace attune::test
