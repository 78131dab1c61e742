// attune eval: a model's scores, or a classical method's, on a list of composites with known truth, beside doing nothing.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/files.h"
#include "embed/session.h"
#include "tools/cli/device_option.h"
#include "tools/cli/progress.h"
#include "tools/cli/signals.h"
#include "tools/commands/commands.h"
#include "tools/eval/classical.h"
#include "tools/eval/evaluate.h"
#include "tools/eval/network.h"

namespace attune::tools {

namespace {

struct Options {
  std::string data, list, model, method, json, protocol = "idih";
  bool composite = false;
  DeviceOptions device;
};

void print_table(std::FILE* out, const std::vector<PictureResult>& results) {
  std::fprintf(out, "%-12s %-10s %7s %9s %7s %9s %7s %7s\n", "set", "method", "images", "MSE", "PSNR", "fMSE",
               "fPSNR", "SSIM");
  const std::vector<SummaryRow> rows = summarize(results);
  for (const SummaryRow& row : rows)
    std::fprintf(out, "%-12s %-10s %7lld %9.1f %7.2f %9.1f %7.2f %7.4f\n", row.set.c_str(),
                 row.method.c_str(), static_cast<long long>(row.images), row.mean.mse, row.mean.psnr,
                 row.mean.fmse, row.mean.fpsnr, row.mean.ssim);
  for (const SummaryRow& row : rows)
    if (row.set == "overall" && row.method != "composite")
      std::fprintf(out, "%s: %lld of %lld pictures are worse than their composite by more than 1 dB\n",
                   row.method.c_str(), static_cast<long long>(row.worse), static_cast<long long>(row.images));
}

// Under `full` the model works as `attune harmonize` does, at native size with an 8-bit result; under the others so does it on
// pictures of 256x256, but for the rounding.
Method make_model(const Options& options, Protocol protocol) {
  const auto model = std::make_shared<const Model>(
      options.model.empty() ? shipped_model_path() : std::filesystem::path(options.model));
  const Device device = pick_device(options.device.device);
  if (protocol == Protocol::full) {
    attune_session_options session_options = ATTUNE_SESSION_OPTIONS_INIT;
    if (device.kind == DeviceKind::cuda) session_options.device = device.index;
    session_options.threads = options.device.threads;
    const std::shared_ptr<Session> session = Session::make(model, session_options, Allocator());
    return [session](const Image& composite, const Image& mask) {
      Image output = composite;
      attune_picture picture{};
      picture.width = output.width;
      picture.height = output.height;
      picture.image = picture.output = output.pixels.data();
      picture.mask = mask.pixels.data();
      session->harmonize({picture}, ATTUNE_HARMONIZE_OPTIONS_INIT);
      return to_float(output);
    };
  }
  const auto context = std::make_shared<Context>(device, options.device.threads);
  const auto placed = std::make_shared<ModelOnDevice>(model, device);
  const auto network = std::make_shared<EvaluationNetwork>(*context, placed->harmonizer(),
                                                           model->description().inference_size);
  return [placed, context, network](const Image& composite, const Image& mask) {
    return network->harmonize(composite, mask);
  };
}

std::vector<NamedMethod> make_methods(const Options& options, Protocol protocol) {
  if (options.composite) return {};
  if (options.method.empty()) return {{"model", make_model(options, protocol)}};
  return {{options.method, classical_method(options.method)}};
}

void run(const Options& options) {
  const Protocol protocol = *protocol_of(options.protocol);
  SourceConfig source;
  source.path = options.data;
  source.list = options.list;
  const std::vector<DataItem> items = load_items(source);
  require(!items.empty(), ErrorKind::input, options.list, ": no composites in the list");

  const std::vector<NamedMethod> methods = make_methods(options, protocol);
  const SignalWatch watch;
  std::vector<PictureResult> results;
  {
    Progress progress("eval", "picture", static_cast<std::int64_t>(items.size()));
    results = evaluate(items, protocol, methods, [&](std::size_t done) {
      if (const int signal = SignalWatch::received()) throw CLI::RuntimeError(128 + signal);
      progress.update(static_cast<std::int64_t>(done), "");
    });
  }
  const bool json_on_stdout = options.json == "-";
  print_table(json_on_stdout ? stderr : stdout, results);
  if (options.json.empty()) return;
  const std::string json = to_json(protocol, results).dump(2) + "\n";
  if (json_on_stdout)
    std::fputs(json.c_str(), stdout);
  else
    write_file_atomically(options.json, json);
}

}  // namespace

void add_eval_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("eval", "Score a model against known truth");
  auto options = std::make_shared<Options>();
  command->add_option("--data", options->data, "Data set in iHarmony4's layout")->required();
  command->add_option("--list", options->list, "File with a composite a line, looked up in --data first")
      ->required();
  CLI::Option* model =
      command->add_option("--model", options->model, "Model file; the shipped model by default");
  CLI::Option* composite =
      command->add_flag("--composite", options->composite, "Only the composite's own row: doing nothing")
          ->excludes(model);
  command->add_option("--method", options->method, "reinhard or histogram, in the model's place")
      ->check(CLI::IsMember(classical_methods()))
      ->excludes(model)
      ->excludes(composite);
  command->add_option("--protocol", options->protocol, "idih, gtbg or full")
      ->capture_default_str()
      ->check(CLI::IsMember({"idih", "gtbg", "full"}));
  command->add_option("--json", options->json, "Write the rows as JSON to this file; - for stdout");
  add_device_options(*command, options->device);
  command->callback([options] { run(*options); });
}

}  // namespace attune::tools
