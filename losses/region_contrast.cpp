#include "losses/region_contrast.h"

#include <map>

namespace attune {

namespace {

using patch_sample::Region;

// What each set is of in the graph's bookkeeping; the draws' `set` numbers.
enum SetIndex : int { anchor = 0, positive = 1, negative = 2 };

bool shares_positives(const RegionContrastOptions& options) { return options.negative == options.positive; }

// The draws of all levels, in the order in which add_to() takes them.
std::vector<PatchDraw> draws_of(const RegionContrastOptions& options) {
  std::vector<PatchDraw> draws;
  for (const int level : options.levels) {
    draws.push_back({options.anchor.region, level, anchor});
    if (options.matching != Matching::index) draws.push_back({options.positive.region, level, positive});
    if (!shares_positives(options)) draws.push_back({options.negative.region, level, negative});
  }
  return draws;
}

}  // namespace

void apply_reading(const std::string& name, RegionContrastOptions& options) {
  const PatchSet output_foreground{Branch::output, Region::foreground};
  const PatchSet real_foreground{Branch::real, Region::foreground};
  const PatchSet real_background{Branch::real, Region::background};
  const PatchSet composite_foreground{Branch::composite, Region::foreground};
  if (name == "attract") {
    options.anchor = output_foreground;
    options.positive = real_background;
    options.negative = composite_foreground;
    options.matching = Matching::set;
  } else if (name == "aligned") {
    options.anchor = output_foreground;
    options.positive = options.negative = real_foreground;
    options.matching = Matching::index;
  } else if (name == "literal") {
    options.anchor = real_background;
    options.positive = options.negative = output_foreground;
    options.matching = Matching::nearest;
  } else {
    fail(ErrorKind::configuration, "loss.contrast.reading is \"", name,
         "\", expected attract, aligned or literal");
  }
}

RegionContrast::RegionContrast(ParameterStore& store, const Harmonizer& harmonizer,
                               const RegionContrastOptions& options)
    : harmonizer_(harmonizer),
      options_(options),
      draw_(draws_of(options), options.samples),
      infonce_(options.matching, !shares_positives(options), options.temperature) {
  require(options.matching != Matching::index || options.anchor.region == options.positive.region,
          ErrorKind::configuration,
          "loss.contrast: matching \"index\" needs anchor and positive of one region");
  for (const int level : options.levels) {
    require(level >= 0 && level < harmonizer.levels(), ErrorKind::configuration,
            "loss.contrast.levels: ", level, ", expected 0 to ", harmonizer.levels() - 1);
    const std::string name = text("contrast.", level);
    const std::int64_t channels = harmonizer.options().channels[static_cast<std::size_t>(level)];
    const Head head = {
        &linears_.emplace_back(store, name + ".0", channels, options.width, Activation::relu),
        &linears_.emplace_back(store, name + ".1", options.width, options.width, Activation::none)};
    levels_.push_back({level, head});
  }
}

RegionContrast::Sampled RegionContrast::sample(Graph& graph, const Level& level, ValueId features,
                                               const Positions& positions) const {
  ValueId z = graph.add(gather_, {features, positions.indices, positions.count})[0];
  z = graph.add(*level.head.first, {z})[0];
  z = graph.add(*level.head.second, {z})[0];
  return {z, positions.count};
}

std::vector<ValueId> RegionContrast::add_to(Graph& graph, const Pictures& pictures, ValueId mask) const {
  // Each picture goes through the encoder once, however many sets are taken from it.
  std::map<Branch, std::vector<ValueId>> features;
  for (const PatchSet& set : {options_.anchor, options_.positive, options_.negative}) {
    if (features.count(set.picture)) continue;
    const ValueId picture = set.picture == Branch::output ? pictures.output
                            : set.picture == Branch::real ? pictures.real
                                                          : pictures.composite;
    features[set.picture] = harmonizer_.add_encoder_to(
        graph, picture, options_.trains_encoder ? Learning::normal : Learning::frozen);
  }
  const std::vector<ValueId> masks = harmonizer_.add_masks_to(graph, mask);
  std::vector<ValueId> masks_of_draws;
  for (const PatchDraw& draw : draws_of(options_))
    masks_of_draws.push_back(masks[static_cast<std::size_t>(draw.level)]);
  const std::vector<ValueId> drawn = graph.add(draw_, masks_of_draws);
  auto next = drawn.begin();
  const auto next_positions = [&] {
    next += 2;
    return Positions{next[-2], next[-1]};
  };

  std::vector<ValueId> losses;
  for (const Level& level : levels_) {
    const auto l = static_cast<std::size_t>(level.level);
    const auto features_of = [&](const PatchSet& set) { return features.at(set.picture)[l]; };
    const Positions anchor_positions = next_positions();
    const Positions positive_positions =
        options_.matching == Matching::index ? anchor_positions : next_positions();
    const Sampled anchors = sample(graph, level, features_of(options_.anchor), anchor_positions);
    const Sampled positives = sample(graph, level, features_of(options_.positive), positive_positions);
    if (shares_positives(options_)) {
      losses.push_back(
          graph.add(infonce_, {anchors.features, positives.features, anchors.count, positives.count})[0]);
      continue;
    }
    const Sampled negatives = sample(graph, level, features_of(options_.negative), next_positions());
    losses.push_back(graph.add(infonce_, {anchors.features, positives.features, negatives.features,
                                          anchors.count, positives.count, negatives.count})[0]);
  }
  return losses;
}

}  // namespace attune
