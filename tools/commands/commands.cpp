#include "tools/commands/commands.h"

#include <string>

#include "embed/attune/attune.h"

namespace attune::tools {

void add_commands(CLI::App& program) {
  const std::string version = std::string("attune ") + attune_version();
  program.set_version_flag("--version", version);
  program.require_subcommand(1);
  add_train_command(program);
  add_harmonize_command(program);
  add_eval_command(program);
  add_bench_command(program);
  add_compose_command(program);
  add_export_command(program);
  add_info_command(program);
  // --version works everywhere, as --help does.
  for (CLI::App* command : program.get_subcommands({})) command->set_version_flag("--version", version);
}

}  // namespace attune::tools
