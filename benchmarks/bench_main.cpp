// attune-bench [--device=auto|cpu|cuda|cuda:N] [--threads=N] [--roofline=FILE.svg] [Google Benchmark's flags]: every op's
// rows, and the machine's limits beside them. Without --device they run on the CPU.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/bench_support.h"
#include "benchmarks/cuda/event_time_reporter.h"
#include "benchmarks/machine.h"
#include "benchmarks/roofline/roofline.h"
#include "benchmarks/rows.h"
#include "core/error.h"
#include "core/files.h"
#include "tools/cli/device_option.h"
#include "tools/cli/exit_code.h"

namespace attune::bench {

namespace {

Device chosen_device;
int thread_count = 1;

// Takes FLAG=VALUE out of the arguments; the last one's value.
std::optional<std::string> take_flag(std::vector<char*>& arguments, const std::string& flag) {
  std::optional<std::string> value;
  for (auto argument = arguments.begin(); argument != arguments.end();) {
    if (std::strncmp(*argument, flag.c_str(), flag.size()) != 0) {
      ++argument;
      continue;
    }
    value = *argument + flag.size();
    argument = arguments.erase(argument);
  }
  return value;
}

void take_threads(std::vector<char*>& arguments) {
  thread_count = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const std::optional<std::string> value = take_flag(arguments, "--threads=");
  if (!value) return;
  const char* end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, thread_count);
  require(error == std::errc() && stop == end && thread_count >= 1, ErrorKind::configuration,
          "--threads expects a positive number, not ", *value);
}

// A file that can be made: tried now, since the rows may take many minutes.
std::optional<std::string> take_picture(std::vector<char*>& arguments) {
  std::optional<std::string> place = take_flag(arguments, "--roofline=");
  if (!place) return place;
  require(!place->empty(), ErrorKind::configuration, "--roofline expects a file");
  const OutputFile trial(*place);
  return place;
}

// As the library's own choice of reporters, but with the GPU's time.
std::size_t run_cuda_rows(bool to_file) {
  using benchmark::ConsoleReporter;
  EventTimeReporter<ConsoleReporter> console(isatty(STDOUT_FILENO) ? ConsoleReporter::OO_Color
                                                                   : ConsoleReporter::OO_None);
  EventTimeReporter<benchmark::JSONReporter> json;
  return benchmark::RunSpecifiedBenchmarks(&console, to_file ? &json : nullptr);
}

std::string device_name() {
  if constexpr (built_with_cuda)
    if (chosen_device.kind == DeviceKind::cuda) return gpu_name();
  return cpu_name();
}

// Where and when.
std::string run_caption() {
  std::array<char, 32> date{};
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  std::strftime(date.data(), date.size(), "%Y-%m-%d %H:%M UTC", gmtime_r(&now, &utc));
  return text(benchmark::SystemInfo::Get().name, ", ", device_name(), ", ", threads(),
              threads() == 1 ? " CPU thread, " : " CPU threads, ", date.data());
}

// Whether there is one: where every row failed, or was the machine's own, there is nothing to draw.
bool write_picture(const std::string& place) {
  const std::optional<Roofline> measured = roofline(run_caption());
  if (!measured) {
    std::fputs("attune-bench: --roofline: no op's row was measured, so there is no picture\n", stderr);
    return false;
  }
  write_file_atomically(place, roofline_svg(*measured));
  return true;
}

int run(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  take_threads(arguments);
  chosen_device = tools::pick_device(take_flag(arguments, "--device=").value_or("cpu"));
  const std::optional<std::string> picture = take_picture(arguments);
  const bool on_cuda = chosen_device.kind == DeviceKind::cuda;
  // All rows together stay under 20 minutes, and on a GPU, whose times vary less, within a part of tests/gpu/accept; a flag
  // of the user's comes later and wins.
  std::string least_time = on_cuda ? "--benchmark_min_time=0.05" : "--benchmark_min_time=0.2";
  arguments.insert(arguments.begin() + 1, least_time.data());
  const bool to_file = std::any_of(arguments.begin(), arguments.end(), [](const char* argument) {
    return std::strncmp(argument, "--benchmark_out=", std::strlen("--benchmark_out=")) == 0;
  });
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return tools::exit_usage;
  benchmark::AddCustomContext("attune_threads", std::to_string(threads()));
  benchmark::AddCustomContext("attune_device", device_name());
  add_all_rows();
  const std::size_t rows = on_cuda ? run_cuda_rows(to_file) : benchmark::RunSpecifiedBenchmarks();
  forget_last_row();
  benchmark::Shutdown();
  if (rows == 0) return tools::exit_usage;  // a filter that matches nothing has been told
  return picture && !write_picture(*picture) ? tools::exit_failed : tools::exit_done;
}

}  // namespace

Device device() { return chosen_device; }
int threads() { return thread_count; }

}  // namespace attune::bench

int main(int argc, char** argv) {
  try {
    return attune::bench::run(argc, argv);
  } catch (const attune::Error& error) {
    std::fprintf(stderr, "attune-bench: %s\n", error.what());
    return attune::tools::exit_code(error.kind());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attune-bench: %s\n", error.what());
    return attune::tools::exit_failed;
  }
}
