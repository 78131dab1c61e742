// attune info: what this program and a model are.
#include <cstdio>
#include <memory>
#include <string>

#include "attune/attune.h"
#include "core/device.h"
#include "embed/model.h"
#include "tools/commands/commands.h"

namespace attune::tools {

namespace {

std::string joined(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (const std::int64_t number : numbers) text += (text.empty() ? "" : "-") + std::to_string(number);
  return text;
}

std::string fusion_text(const std::vector<Fusion>& fusion) {
  std::string text;
  for (const Fusion level : fusion) text += (text.empty() ? "" : ", ") + std::string(name_of(level));
  return text;
}

void show_info(const std::string& path) {
  std::printf("attune %s\n", attune_version());
  std::printf("  CUDA backend    %s\n", has_cuda_backend() ? "built in" : "not in this build");
  if (has_cuda_backend()) std::printf("  CUDA devices    %d\n", cuda_device_count());
  const Model model(path.empty() ? shipped_model_path() : std::filesystem::path(path));
  const ModelDescription& description = model.description();
  std::printf("model %s\n", model.path().c_str());
  std::printf("  weights         %lld\n", static_cast<long long>(model.parameters()));
  std::printf("  channels        %s\n", joined(description.options.channels).c_str());
  std::printf("  head            %s\n", name_of(description.options.head));
  if (description.options.head == Head::affine)
    std::printf("  head's level    %d\n", description.options.head_level);
  std::printf("  fusion          %s\n", fusion_text(description.options.fusion).c_str());
  std::printf("  global part     %s\n", description.options.global ? "yes" : "no");
  std::printf("  inference size  %lld\n", static_cast<long long>(description.inference_size));
  for (const auto& [key, value] : model.metadata())
    if (key != "format" && key != "attune.model") std::printf("  %-15s %s\n", key.c_str(), value.c_str());
}

}  // namespace

void add_info_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("info", "Show what this program and a model are");
  auto path = std::make_shared<std::string>();
  command->add_option("--model", *path, "Model file; the shipped model by default");
  command->callback([path] { show_info(*path); });
}

}  // namespace attune::tools
