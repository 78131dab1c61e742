// attune export: a model in a format that other programs run.
#include <memory>
#include <string>

#include "core/files.h"
#include "embed/model.h"
#include "tools/commands/commands.h"
#include "tools/export/harmonizer_onnx.h"

namespace attune::tools {

namespace {

struct Options {
  std::string model, onnx;
};

void run(const Options& options) {
  const Model model(options.model.empty() ? shipped_model_path() : std::filesystem::path(options.model));
  const std::string file = harmonizer_onnx(model);
  write_file_atomically(options.onnx, file);
}

}  // namespace

void add_export_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("export", "Write a model as an ONNX file");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--onnx", options->onnx,
                   "File to write: pictures of any size, (composite, mask) -> harmonized")
      ->required();
  command->add_option("--model", options->model, "Model file; the shipped model by default");
  command->callback([options] { run(*options); });
}

}  // namespace attune::tools
