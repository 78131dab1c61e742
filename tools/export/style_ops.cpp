#include "tools/export/style_ops.h"

#include "kernels/masked_style/masked_style.h"

namespace attune::tools {

namespace {

OnnxValue logarithm(const OnnxValue& x) { return x.graph->add("Log", {x}); }

OnnxValue sum_of_pixels(const OnnxValue& x) { return sum(x, {2, 3}); }

RegionStyle region_style(const OnnxValue& features, const OnnxValue& weights) {
  OnnxGraph& graph = *features.graph;
  const OnnxValue minimum = graph.number(masked_style::minimum_weight);
  const OnnxValue weight = sum_of_pixels(weights);
  const OnnxValue valid = graph.add("GreaterOrEqual", {weight, minimum});
  const OnnxValue divisor = graph.add("Max", {weight, minimum});  // the weight itself where it is valid
  const OnnxValue mean = sum_of_pixels(weights * features) / divisor;
  const OnnxValue difference = features - mean;
  const OnnxValue variance = sum_of_pixels(weights * difference * difference) / divisor;
  const OnnxValue sd = graph.add("Sqrt", {variance + graph.number(masked_style::Options().eps)});
  return {where(valid, mean, graph.number(0)), where(valid, sd, graph.number(1)), valid};
}

// A gate's share of one value, and the rest of another.
OnnxValue mixed(const OnnxValue& gate, const OnnxValue& one, const OnnxValue& other) {
  return gate * one + (gate.graph->number(1) - gate) * other;
}

}  // namespace

RegionWeights regions_of(const OnnxValue& mask) { return {mask, mask.graph->number(1) - mask}; }

Style masked_style(const OnnxValue& features, const RegionWeights& regions) {
  return {region_style(features, regions.foreground), region_style(features, regions.background)};
}

OnnxValue style_fusion(const OnnxValue& features, const RegionWeights& regions,
                       const FusionParameters& parameters, const std::optional<ExternalStyle>& external) {
  const Style own = masked_style(features, regions);
  OnnxValue mean = own.background.mean, sd = own.background.sd;
  if (external) {
    mean = mixed(external->gate, external->style.mean, mean);
    sd = mixed(external->gate, external->style.sd, sd);
  }
  // Without background the foreground keeps its own style.
  mean = where(own.background.valid, mean, own.foreground.mean);
  sd = where(own.background.valid, sd, own.foreground.sd);
  const OnnxValue normal = (features - own.foreground.mean) / own.foreground.sd;
  const OnnxValue foreground =
      parameters.gamma_foreground * (normal * sd + mean) + parameters.beta_foreground;
  const OnnxValue background =
      parameters.gamma_background * ((features - own.background.mean) / own.background.sd) +
      parameters.beta_background;
  return regions.foreground * foreground + regions.background * background;
}

OnnxValue style_difference(const Style& style) {
  OnnxGraph& graph = *style.foreground.mean.graph;
  const auto& [mean_f, sd_f, valid_f] = style.foreground;
  const auto& [mean_b, sd_b, valid_b] = style.background;
  const OnnxValue differences =
      concatenated({(mean_f - mean_b) / (sd_f + sd_b), logarithm(sd_f / sd_b), mean_b, logarithm(sd_b)}, 1);
  return where(graph.add("And", {valid_f, valid_b}), differences, graph.number(0));
}

}  // namespace attune::tools
