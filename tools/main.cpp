// The `attune` program: parses the command line, runs a subcommand, turns errors into one line and an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "tools/cli/exit_code.h"
#include "tools/commands/commands.h"

namespace {

// CLI11 tells first what is missing; a word that it does not know is the likelier mistake.
std::string usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = program.remaining(true);
  if (unknown.empty()) return error.what();
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  std::vector<std::string> names;
  if (chosen.empty()) {
    for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  } else {
    for (const CLI::Option* option : chosen[0]->get_options()) names.push_back(option->get_name());
  }
  return attune::text("unknown argument '", unknown[0], "'", attune::did_you_mean(unknown[0], names));
}

// Whatever was printed must have reached its place: a full disk behind stdout is a failure.
int flushed(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fputs("attune: stdout: cannot be written\n", stderr);
  return attune::tools::exit_failed;
}

int run(CLI::App& program, int argc, char** argv) {
  using namespace attune;
  try {
    tools::add_commands(program);
    program.parse(argc, argv);
    return flushed(tools::exit_done);
  } catch (const CLI::Success& help_or_version) {
    return flushed(program.exit(help_or_version));
  } catch (const CLI::RuntimeError& stopped) {  // a subcommand's own exit code
    return stopped.get_exit_code();
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "attune: %s (see 'attune --help')\n", usage_error(program, error).c_str());
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

// NOLINTNEXTLINE(bugprone-exception-escape): only an App's construction is outside run()
int main(int argc, char** argv) {
  CLI::App program(attune::tools::program_description, "attune");
  return run(program, argc, argv);
}
