#include "tools/cli/device_option.h"

#include <cstdio>

#include "attune/attune.h"
#include "core/error.h"

namespace attune::tools {

void add_device_options(CLI::App& command, DeviceOptions& options) {
  command.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--threads", options.threads, "CPU threads; 0 takes all cores")
      ->capture_default_str()
      ->check(CLI::Range(0, ATTUNE_MOST_THREADS));
}

Device pick_device(const std::string& name) {
  const int devices = cuda_device_count();
  if (name == "cpu") return {};
  if (name == "auto") {
    if (devices > 0) return {DeviceKind::cuda, 0};
    if (has_cuda_backend()) std::fputs("attune: no CUDA device found, running on the CPU\n", stderr);
    return {};
  }
  const bool numbered = name.rfind("cuda:", 0) == 0 && name.size() > 5 && name.size() < 9 &&
                        name.find_first_not_of("0123456789", 5) == std::string::npos;
  require(name == "cuda" || numbered, ErrorKind::configuration, "--device ", name,
          ": expected auto, cpu, cuda or cuda:N");
  const int index = numbered ? std::stoi(name.substr(5)) : 0;
  require(has_cuda_backend(), ErrorKind::unsupported, "--device ", name,
          ": this build of attune has no CUDA backend");
  require(index < devices, ErrorKind::unsupported, "--device ", name, ": no such device, ", devices,
          " found");
  return {DeviceKind::cuda, index};
}

}  // namespace attune::tools
