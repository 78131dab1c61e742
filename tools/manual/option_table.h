// The program's options as its parser knows them, for the manual page and the shells' completions.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace attune::tools {

struct OptionEntry {
  std::vector<std::string> names;  // "-h", "--help"; of a positional "CONFIG"
  std::string value;               // "TEXT", empty for a flag
  std::vector<std::string> choices;
  std::string description, fallback;  // the latter: the default value
  bool positional = false, required = false;
};

struct CommandEntry {
  std::string name, description;
  std::vector<OptionEntry> options;
};

// The program's own options in an entry without a name, then each subcommand's.
std::vector<CommandEntry> option_table(const CLI::App& program);

// Each of them a whole file.
std::string manual_page(const std::vector<CommandEntry>& table, const std::string& version);
std::string bash_completion(const std::vector<CommandEntry>& table);
std::string zsh_completion(const std::vector<CommandEntry>& table);
std::string fish_completion(const std::vector<CommandEntry>& table);

}  // namespace attune::tools
