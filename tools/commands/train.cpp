// attune train: trains a harmonizer from one JSON file.
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/cli/device_option.h"
#include "tools/cli/exit_code.h"
#include "tools/commands/commands.h"
#include "tools/train/trainer.h"

namespace attune::tools {

namespace {

struct Options {
  std::string config, out, resume;
  std::vector<std::string> overrides;
  bool print_config = false, dry_run = false, profile = false;
  DeviceOptions device;
};

RunFolder folder_of(const Options& options) {
  if (!options.resume.empty()) {
    require(options.out.empty() || std::filesystem::absolute(options.out).lexically_normal() ==
                                       std::filesystem::absolute(options.resume).lexically_normal(),
            ErrorKind::configuration, "--out ", options.out, " and --resume ", options.resume,
            " name two folders");
    return {options.resume};
  }
  if (!options.out.empty()) return {options.out};
  return {std::filesystem::path("runs") / std::filesystem::path(options.config).stem()};
}

void run(const Options& options) {
  const Config config = load_config(options.config, options.overrides);
  if (options.print_config) {
    std::printf("%s\n", config_as_json(config).dump(2).c_str());
    return;
  }
  require(!config.data.empty(), ErrorKind::configuration, options.config,
          ": 'data' is empty, expected a list of data sources");
  const RunFolder folder = folder_of(options);
  // Everything is built before the folder is touched: what can't be trained leaves nothing behind.
  Config used = config;
  std::error_code error;
  if (!options.resume.empty() && std::filesystem::exists(folder.state(), error))
    used.train.start_from.clear();  // the state has all weights: the model may be gone
  Trainer trainer(used, pick_device(options.device.device), options.device.threads);
  std::fputs(trainer.description().c_str(), stderr);
  if (options.dry_run) return;
  if (options.resume.empty()) {
    start_run(folder, config);
  } else {
    const std::string note = resume_run(folder, config);
    if (!note.empty()) std::fprintf(stderr, "attune: note: %s\n", note.c_str());
  }
  if (options.profile) trainer.start_profile();
  const int signal = trainer.run(folder);
  if (options.profile) std::fprintf(stderr, "%s", trainer.profile().c_str());
  if (signal == SIGINT) throw CLI::RuntimeError(exit_interrupted);
  if (signal == SIGTERM) throw CLI::RuntimeError(exit_terminated);
}

}  // namespace

void add_train_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("train", "Train a harmonizer from one JSON file");
  auto options = std::make_shared<Options>();
  command->add_option("CONFIG", options->config, "Configuration; the README lists its keys")->required();
  command->add_option("--set", options->overrides, "Override one key: key.path=value")->take_all();
  command->add_option("--out", options->out, "Folder of the run; runs/NAME-of-config by default");
  command->add_option("--resume", options->resume, "Folder of a run to go on with");
  command->add_flag("--print-config", options->print_config, "Print the resolved configuration and stop");
  command->add_flag("--dry-run", options->dry_run,
                    "Check configuration and data, plan the network, and stop");
  command->add_flag("--profile", options->profile,
                    "Print each layer's time at the end, and the share of this machine's limits");
  add_device_options(*command, options->device);
  command->callback([options] { run(*options); });
}

}  // namespace attune::tools
