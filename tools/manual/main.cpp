// attune-manual DIR: writes the manual page and the shells' completions that are installed.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "core/files.h"
#include "embed/attune/attune.h"
#include "tools/commands/commands.h"
#include "tools/manual/option_table.h"

namespace {

void write_all(const std::filesystem::path& folder) {
  using namespace attune::tools;
  CLI::App program(program_description, "attune");
  add_commands(program);
  const std::vector<CommandEntry> table = option_table(program);
  attune::ensure_directory(folder);
  attune::write_file_atomically(folder / "attune.1", manual_page(table, attune_version()));
  attune::write_file_atomically(folder / "attune.bash", bash_completion(table));
  attune::write_file_atomically(folder / "_attune", zsh_completion(table));
  attune::write_file_atomically(folder / "attune.fish", fish_completion(table));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("usage: attune-manual DIR\n", stderr);
    return 2;
  }
  write_all(argv[1]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "attune-manual: %s\n", error.what());
  return 1;
}
