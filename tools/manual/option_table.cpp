#include "tools/manual/option_table.h"

#include <sstream>

namespace attune::tools {

namespace {

// CLI11 puts a set's members behind the type: "TEXT:{idih,gtbg,full}".
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  const std::size_t begin = type.find(":{"), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::istringstream members(type.substr(begin + 2, end - begin - 2));
  for (std::string choice; std::getline(members, choice, ',');) choices.push_back(choice);
  return choices;
}

OptionEntry entry_of(const CLI::Option& option) {
  OptionEntry entry;
  const std::string type = option.get_items_expected_max() == 0 ? "" : option.get_type_name();
  entry.value = type.substr(0, type.find(':'));
  entry.choices = choices_of(type);
  entry.description = option.get_description();
  entry.fallback = option.get_default_str();
  entry.required = option.get_required();
  entry.positional = option.get_positional();
  if (entry.positional) {
    entry.names = {option.get_name(true)};
    return entry;
  }
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  return entry;
}

CommandEntry entry_of(const CLI::App& app, const std::string& name) {
  CommandEntry entry{name, app.get_description(), {}};
  for (const CLI::Option* option : app.get_options()) entry.options.push_back(entry_of(*option));
  return entry;
}

}  // namespace

std::vector<CommandEntry> option_table(const CLI::App& program) {
  std::vector<CommandEntry> table = {entry_of(program, "")};
  for (const CLI::App* command : program.get_subcommands({}))
    table.push_back(entry_of(*command, command->get_name()));
  return table;
}

}  // namespace attune::tools
