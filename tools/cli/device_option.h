// The options that every subcommand shares: --device and --threads.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/device.h"

namespace attune::tools {

struct DeviceOptions {
  std::string device = "auto";
  int threads = 0;  // 0: all cores
};

void add_device_options(CLI::App& command, DeviceOptions& options);

// auto takes the first GPU where there is one and the CPU otherwise, saying so once on stderr where this build could
// have used a GPU. Throws ErrorKind::configuration on a name that is no device, ErrorKind::unsupported where the
// device is not there.
Device pick_device(const std::string& name);

}  // namespace attune::tools
