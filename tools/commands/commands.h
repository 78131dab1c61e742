// The subcommands: each adds its options to the program and, where it was chosen, does its work in the callback.
#pragma once

#include <CLI/CLI.hpp>

namespace attune::tools {

inline constexpr const char* program_description = "attune makes a pasted foreground match its background.";

// All of them, and --version everywhere.
void add_commands(CLI::App& program);

void add_train_command(CLI::App& program);
void add_harmonize_command(CLI::App& program);
void add_eval_command(CLI::App& program);
void add_bench_command(CLI::App& program);
void add_compose_command(CLI::App& program);
void add_export_command(CLI::App& program);
void add_info_command(CLI::App& program);

}  // namespace attune::tools
