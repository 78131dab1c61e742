#include "layers/harmonizer/harmonizer.h"

namespace attune {

namespace {

constexpr std::int64_t global_width = 128;  // between the two linear layers

const HarmonizerOptions& checked(const HarmonizerOptions& options) {
  const std::size_t levels = options.channels.size();
  require(levels >= 2 && levels <= 8, ErrorKind::configuration, "model.channels has ", levels,
          " levels, expected 2 to 8");
  for (const std::int64_t channels : options.channels)
    require(channels >= 1 && channels <= 4096, ErrorKind::configuration, "model.channels: ", channels,
            ", expected 1 to 4096");
  require(options.fusion.size() == 1 || options.fusion.size() == levels, ErrorKind::configuration,
          "model.fusion has ", options.fusion.size(), " entries, expected 1 or ", levels, " (one a level)");
  require(options.head_level >= 0 && options.head_level < static_cast<int>(levels), ErrorKind::configuration,
          "model.head_level is ", options.head_level, ", expected 0 to ", levels - 1, " with ", levels,
          " levels");
  return options;
}

style_fusion::Gate gate_of(Fusion fusion) {
  switch (fusion) {
    case Fusion::external:
      return style_fusion::Gate::external;
    case Fusion::learned:
      return style_fusion::Gate::learned;
    default:
      return style_fusion::Gate::internal;
  }
}

}  // namespace

std::vector<ValueId> PictureStyle::all() const {
  std::vector<ValueId> values = global;
  for (const Level& level : levels) {
    values.insert(values.end(), level.external.begin(), level.external.end());
    values.insert(values.end(), level.own.begin(), level.own.end());
  }
  return values;
}

Harmonizer::Harmonizer(ParameterStore& store, const HarmonizerOptions& options)
    : options_(checked(options)),
      pack_(stride(), options.activations, true),
      pack_without_mask_(stride(), options.activations, false),
      masks_(stride(), levels(), Regions::two),
      one_region_(stride(), levels(), Regions::one),
      color_transform_(head_stride()) {
  for (int level = 0; level < levels(); ++level) {
    const std::string name = text("encoder.", level);
    const std::int64_t inputs = level == 0 ? 4 : channels(level - 1);
    encoder_.push_back({convolution(store, name + ".0", inputs, channels(level), level == 0 ? 1 : 2, true),
                        convolution(store, name + ".1", channels(level), channels(level), 1, true)});
  }
  for (int level = 0; level < levels(); ++level)
    decoder_.push_back(level < finest_level() ? DecoderLevel{} : decoder_level(store, level));

  ConvolutionLayer::Config head;
  head.inputs = channels(finest_level());
  head.outputs = options_.head == Head::affine ? 12 : 4;
  head.start_at_zero = true;
  head_ = &convolutions_.emplace_back(store, "head", head);
  if (options_.global) make_global(store, head.outputs);
}

void Harmonizer::make_global(ParameterStore& store, std::int64_t outputs) {
  std::int64_t channels_of_all = 3;  // the picture's, in level 0's place: the stem's features say little more
  for (int level = 1; level < levels(); ++level) channels_of_all += channels(level);
  style_difference_.emplace(static_cast<std::size_t>(levels()));
  global_.emplace_back(store, "global.0", 4 * channels_of_all, global_width, Activation::relu);
  global_.emplace_back(store, "global.1", global_width, outputs, Activation::none, true);
}

std::vector<Parameter*> Harmonizer::parameters() const {
  std::vector<Parameter*> all;
  for (const ConvolutionLayer& layer : convolutions_)
    for (Parameter* parameter : layer.parameters()) all.push_back(parameter);
  for (const StyleFusionLayer& layer : fusions_)
    for (Parameter* parameter : layer.parameters()) all.push_back(parameter);
  for (const LinearLayer& layer : global_)
    for (Parameter* parameter : layer.parameters()) all.push_back(parameter);
  return all;
}

Fusion Harmonizer::fusion_at(int level) const {
  return options_.fusion.size() == 1 ? options_.fusion[0] : options_.fusion[static_cast<std::size_t>(level)];
}

const ConvolutionLayer* Harmonizer::convolution(ParameterStore& store, const std::string& name,
                                                std::int64_t inputs, std::int64_t outputs, int stride,
                                                bool activated) {
  ConvolutionLayer::Config config;
  config.inputs = inputs;
  config.outputs = outputs;
  config.options.stride = stride;
  config.options.activation = activated ? Activation::leaky_relu : Activation::none;
  config.options.slope = options_.slope;
  return &convolutions_.emplace_back(store, name, config);
}

Harmonizer::DecoderLevel Harmonizer::decoder_level(ParameterStore& store, int level) {
  const std::string name = text("decoder.", level);
  const Fusion fusion = fusion_at(level);
  DecoderLevel parts{};
  if (level < levels() - 1)
    parts.mix =
        convolution(store, name + ".0", channels(level + 1) + channels(level), channels(level), 1, true);
  // The fusion applies the activation itself, after the normalization.
  parts.last = convolution(store, name + ".1", channels(level), channels(level), 1, fusion == Fusion::none);
  if (fusion != Fusion::none) {
    style_fusion::Options options;
    options.gate = gate_of(fusion);
    options.slope = options_.slope;
    parts.fusion = &fusions_.emplace_back(store, name + ".fusion", channels(level), options);
    parts.tile_fusion = &tile_fusions_.emplace_back(*parts.fusion);
  }
  return parts;
}

std::vector<ValueId> Harmonizer::encode(Graph& graph, ValueId packed, Learning learning) const {
  std::vector<ValueId> features;
  ValueId x = packed;
  for (const EncoderLevel& level : encoder_) {
    x = graph.add(*level.first, {x}, learning)[0];
    x = graph.add(*level.second, {x}, learning)[0];
    features.push_back(x);
  }
  return features;
}

std::vector<ValueId> Harmonizer::add_encoder_to(Graph& graph, ValueId picture, Learning learning) const {
  return encode(graph, graph.add(pack_without_mask_, {picture})[0], learning);
}

std::vector<ValueId> Harmonizer::add_masks_to(Graph& graph, ValueId mask) const {
  return graph.add(masks_, {mask});
}

ValueId Harmonizer::decode_level(Graph& graph, int level, ValueId x, Walk& walk) const {
  const auto l = static_cast<std::size_t>(level);
  const DecoderLevel& parts = decoder_[l];
  if (parts.mix) {
    x = graph.add(upsample_, {x, walk.features[l]})[0];
    x = graph.add(*parts.mix, {x})[0];
  }
  x = graph.add(*parts.last, {x})[0];
  if (!parts.fusion) return x;
  return walk.is_tile ? fuse_tile(graph, level, x, walk) : fuse(graph, level, x, walk);
}

ValueId Harmonizer::fuse(Graph& graph, int level, ValueId x, Walk& walk) const {
  const auto l = static_cast<std::size_t>(level);
  const StyleFusionLayer& fusion = *decoder_[l].fusion;
  std::vector<ValueId> inputs = {x,
                                 fusion_at(level) == Fusion::instance ? walk.one_region[l] : walk.masks[l]};
  if (fusion.uses_external_style()) {
    walk.styles[l] = graph.add(style_, {walk.features[l], inputs[1]});
    walk.style.levels[l].external = {walk.styles[l][0], walk.styles[l][1]};
  }
  inputs.insert(inputs.end(), walk.style.levels[l].external.begin(), walk.style.levels[l].external.end());
  const std::vector<ValueId> outputs = graph.add(fusion, inputs);
  walk.style.levels[l].own.assign(outputs.begin() + 1, outputs.end());
  return outputs[0];
}

ValueId Harmonizer::fuse_tile(Graph& graph, int level, ValueId x, const Walk& walk) const {
  const auto l = static_cast<std::size_t>(level);
  const PictureStyle::Level& style = walk.style.levels[l];
  std::vector<ValueId> inputs = {x,
                                 fusion_at(level) == Fusion::instance ? walk.one_region[l] : walk.masks[l]};
  inputs.insert(inputs.end(), style.external.begin(), style.external.end());
  inputs.insert(inputs.end(), style.own.begin(), style.own.end());
  return graph.add(*decoder_[l].tile_fusion, inputs)[0];
}

ValueId Harmonizer::add_head_to(Graph& graph, ValueId composite, ValueId mask, Walk& walk) const {
  walk.features = encode(graph, graph.add(pack_, {composite, mask})[0], Learning::normal);
  walk.masks = add_masks_to(graph, mask);
  walk.one_region = graph.add(one_region_, {mask});
  walk.styles.resize(walk.features.size());
  walk.style.levels.resize(walk.features.size());
  ValueId x = walk.features.back();
  for (int level = levels() - 1; level >= finest_level(); --level) x = decode_level(graph, level, x, walk);
  x = graph.add(*head_, {x})[0];
  if (!options_.global) return x;
  if (!walk.is_tile) walk.style.global = {global_row(graph, composite, mask, walk)};
  return graph.add(image_bias_, {x, walk.style.global[0]})[0];
}

ValueId Harmonizer::global_row(Graph& graph, ValueId composite, ValueId mask, Walk& walk) const {
  walk.styles[0] = graph.add(style_, {composite, mask});
  for (std::size_t level = 1; level < walk.styles.size(); ++level)
    if (walk.styles[level].empty())
      walk.styles[level] = graph.add(style_, {walk.features[level], walk.masks[level]});
  std::vector<ValueId> inputs;
  for (const std::vector<ValueId>& style : walk.styles)
    inputs.insert(inputs.end(), style.begin(), style.end());
  ValueId row = graph.add(*style_difference_, inputs)[0];
  for (const LinearLayer& layer : global_) row = graph.add(layer, {row})[0];
  return row;
}

ValueId Harmonizer::add_head_to(Graph& graph, ValueId composite, ValueId mask) const {
  Walk walk;
  return add_head_to(graph, composite, mask, walk);
}

ValueId Harmonizer::add_output_to(Graph& graph, ValueId head, ValueId composite, ValueId mask) const {
  if (options_.head == Head::affine) return graph.add(color_transform_, {head, composite, mask})[0];
  return graph.add(blend_, {head, composite, mask})[0];
}

ValueId Harmonizer::add_to(Graph& graph, ValueId composite, ValueId mask) const {
  return add_output_to(graph, add_head_to(graph, composite, mask), composite, mask);
}

ValueId Harmonizer::add_to(Graph& graph, ValueId composite, ValueId mask, PictureStyle& style) const {
  Walk walk;
  const ValueId y = add_output_to(graph, add_head_to(graph, composite, mask, walk), composite, mask);
  style = walk.style;
  for (const ValueId value : style.all()) graph.keep(value);
  return y;
}

ValueId Harmonizer::add_tile_to(Graph& graph, ValueId composite, ValueId mask, PictureStyle& style) const {
  Walk walk;
  walk.is_tile = true;
  walk.style.levels.resize(options_.channels.size());
  for (int level = finest_level(); level < levels(); ++level) {
    const StyleFusionLayer* fusion = decoder_[static_cast<std::size_t>(level)].fusion;
    if (!fusion) continue;
    PictureStyle::Level& told = walk.style.levels[static_cast<std::size_t>(level)];
    if (fusion->uses_external_style())
      told.external = {graph.input("external mean"), graph.input("external sd")};
    told.own = {graph.input("mean"), graph.input("sd"), graph.input("weight")};
  }
  if (options_.global) walk.style.global = {graph.input("global row")};
  const ValueId y = add_output_to(graph, add_head_to(graph, composite, mask, walk), composite, mask);
  style = walk.style;
  return y;
}

}  // namespace attune
