// The `attune` program: parses the command line, runs a subcommand, turns errors into one line and an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "core/error.h"
#include "core/text.h"
#include "embed/attune/attune.h"
#include "tools/cli/exit_code.h"
#include "tools/commands/commands.h"

namespace {

int run(CLI::App& program, int argc, char** argv) {
  using namespace attune;
  try {
    program.parse(argc, argv);
    return tools::exit_done;
  } catch (const CLI::Success& help_or_version) {
    return program.exit(help_or_version);
  } catch (const CLI::RuntimeError& stopped) {  // a subcommand's own exit code
    return stopped.get_exit_code();
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "attune: %s (see 'attune --help')\n", error.what());
    return tools::exit_usage;
  } catch (const Error& error) {
    std::fprintf(stderr, "attune: %s\n", error.what());
    return tools::exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "attune: out of memory\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attune: %s\n", error.what());
  }
  return tools::exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("attune makes a pasted foreground match its background.", "attune");
  program.set_version_flag("--version", std::string("attune ") + attune_version());
  program.require_subcommand(1);
  attune::tools::add_train_command(program);
  attune::tools::add_harmonize_command(program);
  attune::tools::add_eval_command(program);
  attune::tools::add_bench_command(program);
  attune::tools::add_info_command(program);
  // --version works everywhere, as --help does.
  for (CLI::App* command : program.get_subcommands({}))
    command->set_version_flag("--version", std::string("attune ") + attune_version());
  return run(program, argc, argv);
}
