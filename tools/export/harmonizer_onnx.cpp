#include "tools/export/harmonizer_onnx.h"

#include <map>
#include <optional>
#include <vector>

#include "attune/attune.h"
#include "tools/export/onnx_writer.h"
#include "tools/export/picture_ops.h"
#include "tools/export/style_ops.h"

namespace attune::tools {

namespace {

// The parameters of a model as constants of a graph, each of which must be asked for once.
class Weights {
 public:
  Weights(OnnxGraph& graph, const Harmonizer& harmonizer) : graph_(graph) {
    for (const Parameter* parameter : harmonizer.parameters()) unused_[parameter->name] = parameter;
  }

  // As ONNX has them: [outputs, inputs, height, width].
  OnnxValue of_convolution(const std::string& name) {
    const Parameter& weights = take(name);
    const Shape& shape = weights.shape;
    const std::int64_t outputs = shape[0], taps = shape[1] * shape[2], inputs = shape[3];
    const std::vector<float> values = values_of(weights);
    std::vector<float> turned(values.size());
    for (std::int64_t o = 0; o < outputs; ++o)
      for (std::int64_t tap = 0; tap < taps; ++tap)
        for (std::int64_t i = 0; i < inputs; ++i)
          turned[static_cast<std::size_t>((o * inputs + i) * taps + tap)] =
              values[static_cast<std::size_t>((o * taps + tap) * inputs + i)];
    return graph_.tensor(name, {outputs, inputs, shape[1], shape[2]}, turned);
  }
  OnnxValue matrix(const std::string& name) {
    const Parameter& weights = take(name);
    return graph_.tensor(name, {weights.shape[0], weights.shape[1]}, values_of(weights));
  }
  OnnxValue row(const std::string& name) {
    const Parameter& weights = take(name);
    return graph_.tensor(name, {weights.shape[0]}, values_of(weights));
  }
  OnnxValue of_channels(const std::string& name) {
    const Parameter& weights = take(name);
    return graph_.tensor(name, {1, weights.shape[0], 1, 1}, values_of(weights));
  }

  // The network here and the one in layers/harmonizer must not drift apart.
  void require_all_taken() const {
    require(unused_.empty(), ErrorKind::internal, "weights ", unused_.empty() ? "" : unused_.begin()->first,
            " have no place in the ONNX graph");
  }

 private:
  const Parameter& take(const std::string& name) {
    const auto found = unused_.find(name);
    require(found != unused_.end(), ErrorKind::internal, "weights ", name, " are not there, or taken twice");
    const Parameter& parameter = *found->second;
    unused_.erase(found);
    return parameter;
  }
  static std::vector<float> values_of(const Parameter& parameter) {
    const float* values = parameter.value.as<float>();
    return {values, values + parameter.shape.elements()};
  }

  OnnxGraph& graph_;
  std::map<std::string, const Parameter*> unused_;
};

// The network of layers/harmonizer/harmonizer.cpp, function by function.
class Network {
 public:
  Network(OnnxGraph& graph, const Harmonizer& harmonizer)
      : graph_(graph), harmonizer_(harmonizer), weights_(graph, harmonizer) {}

  // The head's map. Picture and mask have the size that the network sees.
  OnnxValue head_map(const OnnxValue& picture, const OnnxValue& mask) {
    const OnnxValue packed = concatenated({picture - graph_.number(0.5f), mask}, 1);
    const std::vector<OnnxValue> features = encode(padded(packed, harmonizer_.stride()));
    const std::vector<RegionWeights> regions = regions_of_levels(padded(mask, harmonizer_.stride()));
    OnnxValue x = features.back();
    for (int level = harmonizer_.levels() - 1; level >= harmonizer_.finest_level(); --level)
      x = decode_level(level, x, at(features, level), at(regions, level));
    x = convolution(x, "head");
    if (harmonizer_.options().global) x = x + global_part(picture, mask, features, regions);
    weights_.require_all_taken();
    return x;
  }

 private:
  template <class T>
  static const T& at(const std::vector<T>& levels, int level) {
    return levels[static_cast<std::size_t>(level)];
  }

  OnnxValue activated(const OnnxValue& x) {
    return graph_.add("LeakyRelu", {x}, {{"alpha", harmonizer_.options().slope}});
  }
  OnnxValue convolution(const OnnxValue& x, const std::string& name, std::int64_t stride = 1) {
    return graph_.add("Conv", {x, weights_.of_convolution(name + ".weights"), weights_.row(name + ".bias")},
                      {{"pads", Integers{1, 1, 1, 1}}, {"strides", Integers{stride, stride}}});
  }
  OnnxValue linear(const OnnxValue& x, const std::string& name) {
    return graph_.add("Gemm", {x, weights_.matrix(name + ".weights"), weights_.row(name + ".bias")},
                      {{"transB", 1}});
  }

  std::vector<OnnxValue> encode(OnnxValue x) {
    std::vector<OnnxValue> features;
    for (int level = 0; level < harmonizer_.levels(); ++level) {
      const std::string name = text("encoder.", level);
      x = activated(convolution(x, name + ".0", level == 0 ? 1 : 2));
      x = activated(convolution(x, name + ".1"));
      features.push_back(x);
    }
    return features;
  }

  std::vector<RegionWeights> regions_of_levels(const OnnxValue& mask) {
    std::vector<RegionWeights> regions = {regions_of(mask)};
    for (int level = 1; level < harmonizer_.levels(); ++level)
      regions.push_back(regions_of(snapped(cell_averages(mask, std::int64_t{1} << level))));
    return regions;
  }

  OnnxValue decode_level(int level, OnnxValue x, const OnnxValue& skip, const RegionWeights& regions) {
    const std::string name = text("decoder.", level);
    if (level < harmonizer_.levels() - 1)
      x = activated(convolution(concatenated({doubled(x), skip}, 1), name + ".0"));
    x = convolution(x, name + ".1");
    const Fusion fusion = harmonizer_.fusion_at(level);
    if (fusion != Fusion::none) x = fused(fusion, name + ".fusion", x, skip, regions);
    return activated(x);
  }

  // `instance` has one region, the background.
  OnnxValue fused(Fusion fusion, const std::string& name, const OnnxValue& x, const OnnxValue& skip,
                  RegionWeights regions) {
    if (fusion == Fusion::instance) regions = regions_of(regions.foreground * graph_.number(0));
    std::optional<ExternalStyle> external;
    if (fusion == Fusion::external || fusion == Fusion::learned)
      external = {masked_style(skip, regions).background, gate_of(fusion, name)};
    const FusionParameters parameters = {
        weights_.of_channels(name + ".gamma_foreground"), weights_.of_channels(name + ".beta_foreground"),
        weights_.of_channels(name + ".gamma_background"), weights_.of_channels(name + ".beta_background")};
    return style_fusion(x, regions, parameters, external);
  }
  OnnxValue gate_of(Fusion fusion, const std::string& name) {
    if (fusion == Fusion::external) return graph_.number(1);
    return graph_.add("Sigmoid", {weights_.of_channels(name + ".gate")});
  }

  // The picture itself in level 0's place.
  OnnxValue global_part(const OnnxValue& picture, const OnnxValue& mask,
                        const std::vector<OnnxValue>& features, const std::vector<RegionWeights>& regions) {
    std::vector<OnnxValue> differences = {style_difference(masked_style(picture, regions_of(mask)))};
    for (int level = 1; level < harmonizer_.levels(); ++level)
      differences.push_back(style_difference(masked_style(at(features, level), at(regions, level))));
    const OnnxValue rows = graph_.add("Flatten", {concatenated(differences, 1)});
    const OnnxValue hidden = graph_.add("Relu", {linear(rows, "global.0")});
    return graph_.add("Unsqueeze", {linear(hidden, "global.1"), graph_.integers({2, 3})});
  }

  OnnxGraph& graph_;
  const Harmonizer& harmonizer_;
  Weights weights_;
};

// What is added to the composite where the mask is 1.
OnnxValue change_of(OnnxGraph& graph, const Model& model, const OnnxValue& composite, const OnnxValue& mask) {
  const Harmonizer& harmonizer = model.harmonizer();
  Network network(graph, harmonizer);
  if (harmonizer.options().head == Head::blend)
    return blend_change(network.head_map(composite, snapped(mask)), composite);
  const OnnxValue size = network_size(size_of(composite), model.description().inference_size);
  const OnnxValue map = network.head_map(downscaled(composite, size), snapped(downscaled(mask, size)));
  return color_change(map, composite, size, harmonizer.head_stride());
}

// Without any background there is nothing to match.
OnnxValue with_background(const OnnxValue& mask) {
  OnnxGraph& graph = *mask.graph;
  const OnnxValue least = graph.add("ReduceMin", {mask}, {{"axes", Integers{1, 2, 3}}});
  return where(graph.add("Less", {least, graph.number(1)}), mask, graph.number(0));
}

}  // namespace

std::string harmonizer_onnx(const Model& model) {
  OnnxGraph graph;
  const OnnxShape picture = {"N", 3, "H", "W"};
  const OnnxValue composite = graph.input("composite", picture, "the pasted picture in sRGB, 0..1");
  const OnnxValue mask = graph.input("mask", {"N", 1, "H", "W"}, "1 the foreground, 0 the background");
  const OnnxValue change = with_background(mask) * change_of(graph, model, composite, mask);
  const OnnxValue clamped = graph.add("Clip", {composite + change, graph.number(0), graph.number(1)});
  graph.output("harmonized", clamped, picture, "the picture with its foreground recoloured, 0..1");
  return graph.file({"harmonizer", "attune", attune_version(),
                     "Recolours a pasted foreground until it belongs to its background.", model.metadata()});
}

}  // namespace attune::tools
