// attune.1, in man(7)'s macros.
#include <sstream>

#include "tools/cli/exit_code.h"
#include "tools/manual/option_table.h"

namespace attune::tools {

namespace {

// Hyphens that may be copied, and no request at a line's beginning.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result.insert(0, "\\&");
  return result;
}

void write_option(std::ostream& out, const OptionEntry& option) {
  out << ".TP\n";
  std::string names;
  for (const std::string& name : option.names)
    names += (names.empty() ? "" : ", ") + ("\\fB" + escaped(name) + "\\fR");
  out << names;
  if (!option.value.empty() && !option.positional) out << " \\fI" << escaped(option.value) << "\\fR";
  out << "\n" << escaped(option.description) << ".";
  if (option.required) out << " Required.";
  if (!option.choices.empty()) {
    out << " One of";
    for (const std::string& choice : option.choices)
      out << (choice == option.choices[0] ? " " : ", ") << escaped(choice);
    out << ".";
  }
  if (!option.fallback.empty()) out << " Default: " << escaped(option.fallback) << ".";
  out << "\n";
}

void write_command(std::ostream& out, const CommandEntry& command) {
  out << ".SS attune " << escaped(command.name) << "\n" << escaped(command.description) << ".\n";
  for (const OptionEntry& option : command.options) write_option(out, option);
}

void write_exit_codes(std::ostream& out) {
  const std::pair<int, const char*> codes[] = {{exit_done, "done"},
                                               {exit_failed, "failed"},
                                               {exit_usage, "bad usage or configuration"},
                                               {exit_input, "bad input data"},
                                               {exit_interrupted, "interrupted; a training's state is saved"},
                                               {exit_terminated, "terminated; a training's state is saved"}};
  out << ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : codes) out << ".TP\n.B " << code << "\n" << escaped(meaning) << "\n";
}

constexpr const char* files_and_examples = R"(.SH FILES
.TP
.I share/attune/models/small.safetensors
The shipped model, below the prefix that the program was installed to.
.SH EXAMPLES
.nf
attune harmonize \-\-image composite.png \-\-mask mask.png \-\-out harmonized.png
attune harmonize \-\-foreground cutout.png \-\-background photo.jpg \-\-at 120,80 \-\-out pasted.jpg
attune train my.json \-\-out runs/my
attune eval \-\-data pictures \-\-list test.txt \-\-model runs/my/best.safetensors
.fi
)";

}  // namespace

std::string manual_page(const std::vector<CommandEntry>& table, const std::string& version) {
  std::ostringstream out;
  out << ".TH ATTUNE 1 \"\" \"attune " << version << "\" \"User Commands\"\n"
      << ".SH NAME\nattune \\- make a pasted foreground match its background\n.SH SYNOPSIS\n";
  for (std::size_t i = 1; i < table.size(); ++i)
    out << (i > 1 ? ".br\n" : "") << ".B attune " << escaped(table[i].name) << "\n.RI [ options ]\n";
  out << ".SH DESCRIPTION\n"
      << "attune recolours a foreground that was pasted into a photograph until it belongs to it, and trains "
         "the network\n"
      << "that does so.\n.SH COMMANDS\n";
  for (std::size_t i = 1; i < table.size(); ++i) write_command(out, table[i]);
  write_exit_codes(out);
  out << files_and_examples;
  return out.str();
}

}  // namespace attune::tools
