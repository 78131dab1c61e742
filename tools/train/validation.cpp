#include "tools/train/validation.h"

#include <cmath>
#include <limits>

#include "tools/data/picture_cache.h"
#include "tools/eval/classical.h"

namespace attune::tools {

namespace {

template <class T>
std::vector<T> evenly_spread(const std::vector<T>& all, std::size_t count) {
  if (all.size() <= count) return all;
  std::vector<T> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(all[i * all.size() / count]);
  return some;
}

constexpr std::size_t cases_of_a_kind = 3;

HarmonizerOptions in_f32(HarmonizerOptions options) {
  options.activations = DType::f32;
  return options;
}

}  // namespace

Validation::Validation(Context& context, const Config& config)
    : harmonizer_(store_, in_f32(config.model.options)),
      network_(context, harmonizer_, config.model.inference_size) {
  store_.allocate_for_inference(context.device());
  std::vector<DataItem> all;
  for (const SourceConfig& source : config.validation)
    for (DataItem& item : load_items(source)) all.push_back(std::move(item));
  items_ = evenly_spread(all, static_cast<std::size_t>(config.train.validation_pictures));
}

void Validation::take_weights(const Harmonizer& harmonizer, const ParameterStore& store,
                              const TensorView& flat) {
  const std::vector<Parameter*> from = harmonizer.parameters(), to = harmonizer_.parameters();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const TensorView weights = store.view_in(flat, *from[i]);
    copy_bytes(to[i]->value.data, to[i]->value.device, weights.data, weights.device, weights.bytes());
  }
}

ValidationScores Validation::run(const Harmonizer& harmonizer, const ParameterStore& store,
                                 const TensorView& flat) {
  take_weights(harmonizer, store, flat);
  for (const SummaryRow& row : summarize(evaluate(items_, Protocol::idih, {model()})))
    if (row.set == "overall" && row.method == "model") return {row.mean.psnr, row.mean.mse, row.mean.fmse};
  fail(ErrorKind::internal, "validation gave no overall row");
}

NamedMethod Validation::model() {
  return {"model",
          [this](const Image& composite, const Image& mask) { return network_.harmonize(composite, mask); }};
}

std::vector<PictureResult> Validation::compare() {
  std::vector<NamedMethod> methods;
  for (const std::string& name : classical_methods()) methods.push_back({name, classical_method(name)});
  methods.push_back(model());
  return evaluate(items_, Protocol::idih, methods);
}

// The pictures are made again: to keep all of them until the few are known might take gigabytes.
std::vector<ReportPicture> Validation::cases(const std::vector<PictureResult>& results) {
  std::vector<PictureResult> of_model;  // in the items' order
  std::vector<double> gains;
  for (const PictureResult& result : results) {
    if (result.method != "model") continue;
    of_model.push_back(result);
    gains.push_back(result.gain);
  }
  std::vector<ReportPicture> pictures;
  for (const CaseChoice& choice : pick_cases(gains, cases_of_a_kind)) {
    const PictureResult& result = of_model[choice.picture];
    pictures.push_back(picture(items_[choice.picture]));
    pictures.back().kind = choice.kind;
    pictures.back().psnr_before = result.scores.psnr - result.gain;
    pictures.back().psnr_after = result.scores.psnr;
  }
  return pictures;
}

ReportPicture Validation::picture(const DataItem& item) {
  const Picture native = read_picture(item, std::numeric_limits<std::int64_t>::max());
  const ProtocolPictures prepared = prepare(Protocol::idih, native.composite, native.real, native.mask);
  const FloatImage output = network_.harmonize(prepared.composite, prepared.mask);
  ReportPicture picture;
  picture.name = item.name;
  picture.composite = picture.harmonized = prepared.composite;
  picture.mask = prepared.mask;
  picture.real = prepared.real;
  for (std::size_t i = 0; i < output.pixels.size(); ++i)
    picture.harmonized.pixels[i] = static_cast<std::uint8_t>(std::lround(output.pixels[i]));
  picture.native_width = native.real.width;
  picture.native_height = native.real.height;
  return picture;
}

}  // namespace attune::tools
