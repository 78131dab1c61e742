// The table of configuration keys.
#include <algorithm>

#include "tools/config/config.h"

namespace attune::tools {

namespace {

// The network sizes that model.preset names.
struct Preset {
  const char* name;
  std::vector<std::int64_t> channels;
};
const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"tiny", {8, 12, 16}}, {"small", {16, 32, 64, 128, 160}}, {"base", {32, 64, 128, 256, 512}}};
  return all;
}

void apply_preset(Config& config, const std::string& name) {
  for (const Preset& preset : presets())
    if (name == preset.name) config.model.options.channels = preset.channels;
  config.preset = name;
  // The contrastive loss takes every level of the network.
  std::vector<int>& levels = config.loss.contrast.options.levels;
  levels.clear();
  for (std::size_t level = 0; level < config.model.options.channels.size(); ++level)
    levels.push_back(static_cast<int>(level));
}

// A Choice between the values of an enumeration.
template <class Enum>
struct Word {
  const char* name;
  Enum value;
};
template <class Enum>
Choice choice(Enum& target, std::vector<Word<Enum>> words) {
  Choice choice;
  for (const Word<Enum>& word : words) choice.words.emplace_back(word.name);
  choice.get = [&target, words] {
    for (const Word<Enum>& word : words)
      if (word.value == target) return std::string(word.name);
    return std::string();
  };
  choice.set = [&target, words](const std::string& name) {
    for (const Word<Enum>& word : words)
      if (name == word.name) target = word.value;
  };
  return choice;
}

const std::vector<Word<PatchSet>>& patch_sets() {
  using patch_sample::Region;
  static const std::vector<Word<PatchSet>> all = {
      {"output.foreground", {Branch::output, Region::foreground}},
      {"output.background", {Branch::output, Region::background}},
      {"real.foreground", {Branch::real, Region::foreground}},
      {"real.background", {Branch::real, Region::background}},
      {"composite.foreground", {Branch::composite, Region::foreground}},
      {"composite.background", {Branch::composite, Region::background}}};
  return all;
}

Choice preset_choice(Config& config) {
  Choice choice;
  for (const Preset& preset : presets()) choice.words.emplace_back(preset.name);
  choice.get = [&config] { return config.preset; };
  choice.set = [&config](const std::string& name) { apply_preset(config, name); };
  return choice;
}

Choice reading_choice(ContrastConfig& contrast) {
  return {[&contrast] { return contrast.reading; },
          [&contrast](const std::string& name) {
            contrast.reading = name;
            apply_reading(name, contrast.options);
          },
          {"attract", "aligned", "literal"}};
}

ChoiceList fusion_choice(std::vector<Fusion>& fusion) {
  ChoiceList list;
  for (const Fusion kind :
       {Fusion::none, Fusion::instance, Fusion::internal, Fusion::external, Fusion::learned})
    list.words.emplace_back(name_of(kind));
  list.get = [&fusion] {
    std::vector<std::string> names;
    for (const Fusion kind : fusion) names.emplace_back(name_of(kind));
    return names;
  };
  list.set = [&fusion](const std::vector<std::string>& names) {
    fusion.clear();
    for (const std::string& name : names) fusion.push_back(fusion_from_name(name));
  };
  return list;
}

void add_level_fields(std::vector<Field>& fields, const std::string& name, RecolorLevel& level) {
  const std::string path = "recolor." + name + ".";
  fields.insert(
      fields.end(),
      {{path + "probability", &level.probability, "Share of the " + name + " recolourings", 0, 1},
       {path + "strength", &level.strength, "Factor on the ranges of edits and transfers", 0, 4},
       {path + "min_blend", &level.min_blend, "Least blend between photograph and recolouring", 0, 1},
       {path + "max_blend", &level.max_blend, "Largest blend", 0, 1},
       {path + "min_fmse", &level.min_fmse, "Least foreground MSE, 0..255 scale; weaker draws are redone", 0,
        65025},
       {path + "max_fmse", &level.max_fmse, "Largest foreground MSE", 0, 65025}});
}

void add_recolor_fields(std::vector<Field>& fields, RecolorOptions& recolor) {
  add_level_fields(fields, "mild", recolor.mild);
  add_level_fields(fields, "medium", recolor.medium);
  add_level_fields(fields, "strong", recolor.strong);
  MethodWeights& methods = recolor.methods;
  EditRanges& edits = recolor.edits;
  fields.insert(
      fields.end(),
      {{"recolor.methods.reinhard_lab", &methods.reinhard_lab, "Share of mean/deviation transfers in Lab", 0,
        1},
       {"recolor.methods.reinhard_rgb", &methods.reinhard_rgb, "Share of mean/deviation transfers in RGB", 0,
        1},
       {"recolor.methods.monge_kantorovich", &methods.monge_kantorovich, "Share of linear optimal transports",
        0, 1},
       {"recolor.methods.quantile_lab", &methods.quantile_lab, "Share of histogram transfers in Lab", 0, 1},
       {"recolor.methods.quantile_rgb", &methods.quantile_rgb, "Share of histogram transfers in RGB", 0, 1},
       {"recolor.methods.edit", &methods.edit, "Share of parametric edits", 0, 1},
       {"recolor.edits.mired", &edits.mired, "White balance along the black body's colours, deviation", 0,
        500},
       {"recolor.edits.tint", &edits.tint, "White balance across them, deviation of log gain", 0, 1},
       {"recolor.edits.exposure_stops", &edits.exposure_stops, "Exposure range in stops", 0, 5},
       {"recolor.edits.gradient_stops", &edits.gradient_stops, "Light gradient across the picture in stops",
        0, 5},
       {"recolor.edits.log_brightness", &edits.log_brightness,
        "Range of log slope at black of a curve from black to white", 0, 3},
       {"recolor.edits.log_contrast", &edits.log_contrast, "Range of log contrast", 0, 2},
       {"recolor.edits.log_gamma", &edits.log_gamma, "Deviation of log gamma", 0, 2},
       {"recolor.edits.log_saturation", &edits.log_saturation, "Range of log saturation", 0, 3},
       {"recolor.edits.curve", &edits.curve, "Range of a tone curve's points", 0, 0.5},
       {"recolor.edits.channel_curve", &edits.channel_curve, "The same for each channel apart", 0, 0.5},
       {"recolor.edits.probability", &edits.probability, "Of each kind of edit to take part", 0, 1},
       {"recolor.edits.gradient_probability", &edits.gradient_probability, "Of a light gradient to take part",
        0, 1},
       {"recolor.max_clipped", &recolor.max_clipped, "Share of pixels that may newly clip", 0, 1},
       {"recolor.attempts", &recolor.attempts, "Draws until one is within the bounds", 1, 100}});
}

void add_contrast_fields(std::vector<Field>& fields, ContrastConfig& contrast) {
  RegionContrastOptions& options = contrast.options;
  const std::string path = "loss.contrast.";
  fields.insert(
      fields.end(),
      {{path + "weight", &contrast.weight, "Weight of the region-wise contrastive loss; 0 leaves it out", 0,
        1e6},
       {path + "reading", reading_choice(contrast), "Named choice of the next four keys"},
       {path + "anchor", choice(options.anchor, patch_sets()), "Patches that are pulled"},
       {path + "positive", choice(options.positive, patch_sets()), "Patches that they are pulled to"},
       {path + "negative", choice(options.negative, patch_sets()), "Patches that they are pushed from"},
       {path + "matching",
        choice<Matching>(
            options.matching,
            {{"set", Matching::set}, {"index", Matching::index}, {"nearest", Matching::nearest}}),
        "Which positive belongs to an anchor: all, the one at the same place, the nearest by cosine"},
       {path + "temperature", &options.temperature, "Of the softmax", 0.001, 10},
       {path + "samples", &options.samples, "Patches a set, level and picture", 1, 65536},
       {path + "levels", &options.levels, "Encoder levels, 0 the finest; all by default", 0, 7},
       {path + "width", &options.width, "Of the two-layer heads", 1, 4096},
       {path + "trains_encoder", &options.trains_encoder,
        "Whether the loss also reaches the encoder's weights"}});
}

}  // namespace

std::vector<Field> config_fields(Config& config) {
  TrainConfig& train = config.train;
  OptimizerConfig& optimizer = config.optimizer;
  SamplerOptions& sampling = config.sampling;
  HarmonizerOptions& model = config.model.options;
  reconstruction::Options& reconstruction = config.loss.reconstruction;
  std::vector<Field> fields = {
      {"seed", &config.seed, "Of weights, samples and patches", 0, 9007199254740992.0},
      {"model.preset", preset_choice(config), "Network size; sets model.channels and loss.contrast.levels"},
      {"model.channels", &model.channels, "Channels of each level, full resolution first", 1, 4096},
      {"model.head",
       choice<Head>(model.head, {{name_of(Head::affine), Head::affine}, {name_of(Head::blend), Head::blend}}),
       "affine: colour transforms at the resolution of head_level; blend: RGB and a blending map at full "
       "resolution"},
      {"model.head_level", &model.head_level,
       "Level that the affine head's map has the resolution of: 1 half, 2 a quarter", 0, 7},
      {"model.fusion", fusion_choice(model.fusion), "Style fusion, for all levels or one entry a level"},
      {"model.global", &model.global,
       "Adds to the head's map what is the same for the whole foreground, predicted from both regions' "
       "styles"},
      {"model.slope", &model.slope, "Of leaky ReLU", 0, 1},
      {"model.activations", choice<DType>(model.activations, {{"f32", DType::f32}, {"bf16", DType::bf16}}),
       "Storage of feature maps while training"},
      {"model.inference_size", &config.model.inference_size,
       "Longer side that the network sees when it is used", 16, 16384},
      {"train.steps", &train.steps, "Optimizer steps", 0, 1e9},
      {"train.batch", &train.batch, "Pictures a step", 1, 4096},
      {"train.size", &train.size, "Side of the square training pictures", 8, 4096},
      {"train.checkpoint_every", &train.checkpoint_every, "Steps between checkpoints", 1, 1e9},
      {"train.validate_every", &train.validate_every, "Steps between validations", 1, 1e9},
      {"train.start_from", &train.start_from,
       "Model file whose weights a run starts with; none: random ones"},
      {"train.second_pass", &train.second_pass,
       "Pictures of a step that are results of the step before, harmonized again; up to half the batch", 0,
       2048},
      {"train.validation_pictures", &train.validation_pictures,
       "At most so many, evenly spread over the list", 1, 1e6},
      {"train.loader_threads", &train.loader_threads, "Threads that make samples ahead; changes no result", 1,
       64},
      {"train.cache_megabytes", &train.cache_megabytes, "Memory for decoded pictures", 0, 1e6},
      {"loss.reconstruction",
       choice<reconstruction::Penalty>(reconstruction.penalty,
                                       {{"squared", reconstruction::Penalty::squared},
                                        {"robust", reconstruction::Penalty::robust},
                                        {"absolute", reconstruction::Penalty::absolute},
                                        {"logarithmic", reconstruction::Penalty::logarithmic}}),
       "Foreground-normalized loss: squared error, its root or logarithm per picture, or absolute error"},
      {"loss.minimum_area", &reconstruction.minimum_area_fraction,
       "Foregrounds count as at least this share of the picture", 0, 1}};
  add_contrast_fields(fields, config.loss.contrast);
  fields.insert(
      fields.end(),
      {{"optimizer.lr", &optimizer.lr, "AdamW's learning rate after the warm-up", 0, 10},
       {"optimizer.warmup_steps", &optimizer.warmup_steps, "Steps of linear warm-up", 0, 1e9},
       {"optimizer.final_lr", &optimizer.final_lr, "End of the cosine, as a share of lr", 0, 1},
       {"optimizer.beta1", &optimizer.beta1, "Decay of the first moment", 0, 0.999999},
       {"optimizer.beta2", &optimizer.beta2, "Decay of the second moment", 0, 0.999999},
       {"optimizer.eps", &optimizer.eps, "Added to the root of the second moment", 1e-15, 1},
       {"optimizer.weight_decay", &optimizer.weight_decay, "Decoupled decay of kernels and matrices", 0, 10},
       {"optimizer.max_norm", &optimizer.max_norm, "Gradients are scaled down to this norm; 0: never", 0,
        1e6},
       {"optimizer.ema_decay", &optimizer.ema_decay, "Of the averaged weights that are saved and used", 0,
        0.999999},
       {"sampling.fresh", &sampling.fresh, "Probability of a fresh composite where a stored one is at hand",
        0, 1},
       {"sampling.whole_picture", &sampling.whole_picture,
        "Probability of the whole picture instead of a window", 0, 1},
       {"sampling.min_window_area", &sampling.min_window_area, "Least window, as a share of the picture",
        0.01, 1},
       {"sampling.max_stretch", &sampling.max_stretch, "Largest change of a window's proportions", 1, 4},
       {"sampling.min_foreground", &sampling.min_foreground, "Least foreground of a window, where possible",
        0, 1},
       {"sampling.max_foreground", &sampling.max_foreground, "Largest foreground of a window", 0, 1},
       {"sampling.mirror", &sampling.mirror, "Probability of mirroring", 0, 1},
       {"sampling.untouched", &sampling.untouched,
        "Probability that a fresh composite is the photograph: what belongs must stay", 0, 1},
       {"sampling.invert", &sampling.invert,
        "Probability that a fresh composite changes the background's and the foreground's parts", 0, 1},
       {"sampling.mask_error", &sampling.mask_error,
        "Probability that the mask shown is some pixels too small or too large, or soft", 0, 1},
       {"sampling.retouch", &sampling.retouch,
        "Probability that composite and photograph together get one edit of recolor.edits", 0, 1},
       {"sampling.retouch_strength", &sampling.retouch_strength, "Factor on that edit's ranges", 0, 4},
       {"sampling.jitter", &sampling.jitter, "Deviation of log gamma of composite and photograph together", 0,
        1}});
  add_recolor_fields(fields, sampling.recolor);
  return fields;
}

std::vector<Field> source_fields(SourceConfig& source) {
  return {
      {"kind",
       choice<SourceKind>(source.kind, {{"iharmony", SourceKind::iharmony}, {"photos", SourceKind::photos}}),
       "iharmony: composites, masks and photographs named by iHarmony4's rule; photos: photographs to "
       "recolour"},
      {"path", &source.path, "Folder, relative to the config's own file"},
      {"list", &source.list, "List file, looked up in the folder first; photos may go without"},
      {"weight", &source.weight, "Share of the samples", 1e-6, 1e6},
      {"include_prefixes", &source.include_prefixes, "Only names that begin so; empty: all"},
      {"exclude_prefixes", &source.exclude_prefixes, "No names that begin so"},
      {"licences", &source.licences, "Only rows of pairs.csv or photos.csv with these licences; empty: all"},
      {"part",
       choice<SourcePart>(source.part, {{"all", SourcePart::all},
                                        {"training", SourcePart::training},
                                        {"validation", SourcePart::validation}}),
       "Which side of the cut by group"},
      {"validation_fraction", &source.validation_fraction, "Share of the groups on the validation side", 0,
       1}};
}

}  // namespace attune::tools
