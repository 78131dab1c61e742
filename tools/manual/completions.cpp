// Completions: subcommands, their options, the values that an option has to choose from, and files elsewhere.
#include <sstream>

#include "tools/manual/option_table.h"

namespace attune::tools {

namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::vector<std::string> command_names(const std::vector<CommandEntry>& table) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < table.size(); ++i) names.push_back(table[i].name);
  return names;
}

std::vector<std::string> option_names(const CommandEntry& command) {
  std::vector<std::string> names;
  for (const OptionEntry& option : command.options)
    if (!option.positional) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

// In single quotes.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// Inside of a zsh specification.
std::string described(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += c == ':' || c == '[' || c == ']' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return result;
}

}  // namespace

std::string bash_completion(const std::vector<CommandEntry>& table) {
  std::ostringstream out;
  out << "# bash completion for attune, made from its option table\n_attune() {\n"
      << "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n  COMPREPLY=()\n"
      << "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words='" << joined(command_names(table), " ") << " "
      << joined(option_names(table[0]), " ") << "'\n  else\n    case \"${COMP_WORDS[1]} $before\" in\n";
  for (const CommandEntry& command : table)
    for (const OptionEntry& option : command.options)
      for (const std::string& name : option.names)
        if (!option.choices.empty())
          out << "      '" << command.name << " " << name << "') words='" << joined(option.choices, " ")
              << "' ;;\n";
  out << "      *)\n        case \"$word ${COMP_WORDS[1]}\" in\n";
  for (std::size_t i = 1; i < table.size(); ++i)
    out << "          -*' " << table[i].name << "') words='" << joined(option_names(table[i]), " ")
        << "' ;;\n";
  out << "        esac ;;\n    esac\n  fi\n"
      << "  if [ -n \"$words\" ]; then\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n  "
         "fi\n}\n"
      << "complete -o default -F _attune attune\n";
  return out.str();
}

std::string zsh_completion(const std::vector<CommandEntry>& table) {
  std::ostringstream out;
  out << "#compdef attune\n# made from attune's option table\n_attune() {\n  local -a commands=(\n";
  for (std::size_t i = 1; i < table.size(); ++i)
    out << "    " << quoted(table[i].name + ":" + described(table[i].description)) << "\n";
  out << "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      << "  local command=${words[2]}\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (std::size_t i = 1; i < table.size(); ++i) {
    out << "    " << table[i].name << ") _arguments";
    for (const OptionEntry& option : table[i].options) {
      if (option.positional) continue;
      for (const std::string& name : option.names) {
        std::string entry = name + "[" + described(option.description) + "]";
        if (!option.value.empty())
          entry += ":value:" + (option.choices.empty() ? "_files" : "(" + joined(option.choices, " ") + ")");
        out << " \\\n      " << quoted(entry);
      }
    }
    out << " \\\n      '*:file:_files' ;;\n";
  }
  out << "  esac\n}\n_attune \"$@\"\n";
  return out.str();
}

std::string fish_completion(const std::vector<CommandEntry>& table) {
  std::ostringstream out;
  out << "# fish completion for attune, made from its option table\n";
  for (std::size_t i = 1; i < table.size(); ++i)
    out << "complete -c attune -n __fish_use_subcommand -f -a " << table[i].name << " -d "
        << quoted(table[i].description) << "\n";
  for (std::size_t i = 1; i < table.size(); ++i)
    for (const OptionEntry& option : table[i].options) {
      if (option.positional) continue;
      out << "complete -c attune -n '__fish_seen_subcommand_from " << table[i].name << "'";
      for (const std::string& name : option.names)
        out << (name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1));
      if (!option.value.empty()) out << " -r";
      if (!option.choices.empty()) out << " -f -a " << quoted(joined(option.choices, " "));
      out << " -d " << quoted(option.description) << "\n";
    }
  return out.str();
}

}  // namespace attune::tools
