#include "tools/train/validation.h"

#include <cmath>
#include <limits>

#include "tools/data/picture_cache.h"
#include "tools/eval/evaluate.h"

namespace attune::tools {

namespace {

template <class T>
std::vector<T> evenly_spread(const std::vector<T>& all, std::size_t count) {
  if (all.size() <= count) return all;
  std::vector<T> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(all[i * all.size() / count]);
  return some;
}

HarmonizerOptions in_f32(HarmonizerOptions options) {
  options.activations = DType::f32;
  return options;
}

}  // namespace

Validation::Validation(Context& context, const Config& config)
    : harmonizer_(store_, in_f32(config.model.options)), network_(context, harmonizer_) {
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
  const NamedMethod model = {"model", [&](const Image& composite, const Image& mask) {
                               return network_.harmonize(composite, mask);
                             }};
  for (const SummaryRow& row : summarize(evaluate(items_, Protocol::idih, {model})))
    if (row.set == "overall" && row.method == "model") return {row.mean.psnr, row.mean.mse, row.mean.fmse};
  fail(ErrorKind::internal, "validation gave no overall row");
}

std::vector<ReportPicture> Validation::pictures(std::size_t count) {
  std::vector<ReportPicture> all;
  for (const DataItem& item : evenly_spread(items_, count)) {
    const Picture native = read_picture(item, std::numeric_limits<std::int64_t>::max());
    const ProtocolPictures prepared = prepare(Protocol::idih, native.composite, native.real, native.mask);
    const FloatImage output = network_.harmonize(prepared.composite, prepared.mask);
    ReportPicture picture;
    picture.name = item.name;
    picture.composite = prepared.composite;
    picture.real = prepared.real;
    picture.harmonized = prepared.composite;
    for (std::size_t i = 0; i < output.pixels.size(); ++i)
      picture.harmonized.pixels[i] = static_cast<std::uint8_t>(std::lround(output.pixels[i]));
    picture.psnr_before = score(Protocol::idih, prepared, to_float(prepared.composite)).psnr;
    picture.psnr_after = score(Protocol::idih, prepared, output).psnr;
    all.push_back(std::move(picture));
  }
  return all;
}

}  // namespace attune::tools
