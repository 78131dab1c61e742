// The tool's exit codes, by the kind of error that ended it.
#pragma once

#include "core/error.h"

namespace attune::tools {

enum ExitCode : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,          // bad usage or configuration
  exit_input = 3,          // bad input data
  exit_interrupted = 130,  // by Ctrl-C
  exit_terminated = 143    // by SIGTERM
};

constexpr int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::configuration:
      return exit_usage;
    case ErrorKind::input:
      return exit_input;
    default:
      return exit_failed;
  }
}

}  // namespace attune::tools
