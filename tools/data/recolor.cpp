#include "tools/data/recolor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tools/data/random.h"

namespace attune::tools {

namespace {

// Half a level of 255 beyond the range is rounding, not clipping.
constexpr float rounding = 0.5f / 255;

const RecolorLevel& draw_level(const RecolorOptions& options, PhiloxStream& random) {
  const std::array<const RecolorLevel*, 3> levels{&options.mild, &options.medium, &options.strong};
  return *levels[pick_weighted(random, levels.size(), [&](std::size_t i) { return levels[i]->probability; })];
}

// The region after a drawn method, unclipped.
Pixels draw_change(const Region& region, const DrawReference& draw_reference, const RecolorOptions& options,
                   float strength, PhiloxStream& random) {
  const MethodWeights& m = options.methods;
  // In the order of enum Transfer, the edit last.
  const std::array<float, 6> weights{m.reinhard_lab, m.reinhard_rgb, m.monge_kantorovich,
                                     m.quantile_lab, m.quantile_rgb, m.edit};
  const std::size_t method = pick_weighted(random, weights.size(), [&](std::size_t i) { return weights[i]; });
  if (method + 1 < weights.size()) {
    const Pixels reference = draw_reference(random);
    if (!reference.empty()) {
      return transfer(static_cast<Transfer>(method), region.pixels, reference,
                      options.limits.scaled(strength));
    }
  }
  return apply_edit(draw_edit(options.edits, strength, random), region);
}

bool leaves_range(const Color& pixel, float margin) {
  return std::any_of(pixel.begin(), pixel.end(),
                     [=](float value) { return value < -margin || value > 1 + margin; });
}

// Blends `changed` into the region by `blend`, clips, and measures what came out.
Recoloring finish(const Region& region, Pixels changed, float blend) {
  Recoloring result;
  double error = 0, weight = 0;
  std::int64_t clipped = 0;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const Color& before = region.pixels[i];
    for (std::size_t c = 0; c < 3; ++c) changed[i][c] = before[c] + (changed[i][c] - before[c]) * blend;
    // Pixels that touch the range's ends already are expected to leave it.
    clipped += leaves_range(changed[i], rounding) && !leaves_range(before, -rounding);
    const auto w = static_cast<double>(region.weight[i]);
    for (std::size_t c = 0; c < 3; ++c) {
      changed[i][c] = std::clamp(changed[i][c], 0.0f, 1.0f);
      const double difference = 255 * w * static_cast<double>(changed[i][c] - before[c]);
      error += difference * difference;
    }
    weight += w;
  }
  result.fmse = error / (3 * weight);
  result.clipped = static_cast<double>(clipped) / static_cast<double>(changed.size());
  result.pixels = std::move(changed);
  return result;
}

// 0 where the recolouring is acceptable, larger the farther it is: factors of fMSE beyond the range, in the
// logarithm, and the excess of clipped pixels in units of the limit.
double penalty(const Recoloring& result, const RecolorLevel& level, float max_clipped) {
  const double fmse = std::max(result.fmse, 1e-3);
  const double below = std::log(static_cast<double>(level.min_fmse) / fmse);
  const double above = std::log(fmse / static_cast<double>(level.max_fmse));
  const double clipping = result.clipped / std::max(static_cast<double>(max_clipped), 1e-3) - 1;
  return std::max({below, above, 0.0}) + std::max(clipping, 0.0);
}

}  // namespace

Recoloring recolor(const Region& region, const DrawReference& draw_reference, const RecolorOptions& options,
                   PhiloxStream& random) {
  if (region.pixels.empty()) return {};
  const RecolorLevel& level = draw_level(options, random);
  Recoloring best;
  double best_penalty = std::numeric_limits<double>::infinity();
  for (int attempt = 0; attempt < std::max(options.attempts, 1); ++attempt) {
    Pixels changed = draw_change(region, draw_reference, options, level.strength, random);
    Recoloring candidate =
        finish(region, std::move(changed), random.uniform(level.min_blend, level.max_blend));
    const double distance = penalty(candidate, level, options.max_clipped);
    if (distance >= best_penalty) continue;
    best = std::move(candidate);
    best_penalty = distance;
    best.accepted = distance == 0;
    if (best.accepted) break;
  }
  return best;
}

}  // namespace attune::tools
