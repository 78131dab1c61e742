// attune bench: runs PROGRAM-bench (attune-bench), the Google Benchmark executable beside this program, with its options.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/files.h"
#include "core/text.h"
#include "tools/cli/device_option.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/signals.h"
#include "tools/commands/commands.h"

namespace attune::tools {

namespace {

struct Options {
  std::string filter, json, roofline;
  DeviceOptions device;
};

// A file of the child's, on its way to the place that the user named, or to stdout where that is "-": nothing else of the
// child's gets between, and nothing half-written gets there. The place is opened first, since the rows may take many
// minutes.
class ChildFile {
 public:
  ChildFile(const std::string& place, const char* suffix)
      : path_(std::filesystem::temp_directory_path() /
              ("attune-bench-" + std::to_string(getpid()) + suffix)) {
    if (place != "-") target_.emplace(place);
  }
  ~ChildFile() {
    std::error_code error;
    std::filesystem::remove(path_, error);
  }
  ChildFile(const ChildFile&) = delete;
  ChildFile& operator=(const ChildFile&) = delete;

  std::string path() const { return path_.string(); }
  void deliver() {
    const std::string content = read_text_file(path_);
    if (!target_) {
      std::fputs(content.c_str(), stdout);
      return;
    }
    target_->write(content.data(), content.size());
    target_->commit();
  }

 private:
  std::filesystem::path path_;
  std::optional<OutputFile> target_;
};

std::filesystem::path bench_program() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::filesystem::path program = self;
  program += "-bench";
  require(!error && std::filesystem::exists(program, error), ErrorKind::unsupported, program.string(),
          " is not there: build it with -DATTUNE_BENCHMARKS=ON");
  return program;
}

// Runs the program and waits; its stdout goes to stderr where `quiet`. Returns its exit code. A signal is passed on,
// and ends the waiting only with the child.
int run_and_wait(const std::vector<std::string>& words, bool quiet) {
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));  // execv's signature
  arguments.push_back(nullptr);
  const pid_t child = fork();
  require(child >= 0, ErrorKind::internal, "fork failed");
  if (child == 0) {
    if (quiet) dup2(STDERR_FILENO, STDOUT_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (const int signal = SignalWatch::received()) kill(child, signal);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool is_same_place(const std::string& one, const std::string& other) {
  std::error_code error;
  return one == other ||
         std::filesystem::weakly_canonical(one, error) == std::filesystem::weakly_canonical(other, error);
}

// A validator: CLI11 takes "" for a value.
std::string expect_file(const std::string& place) { return place.empty() ? "expects a file" : ""; }

void run(const Options& options) {
  const Device device = pick_device(options.device.device);
  std::vector<std::string> words = {bench_program().string(), "--device=" + text(device)};
  if (options.device.threads > 0) words.push_back("--threads=" + std::to_string(options.device.threads));
  if (!options.filter.empty()) words.push_back("--benchmark_filter=" + options.filter);

  require(options.json.empty() || !is_same_place(options.json, options.roofline), ErrorKind::configuration,
          "--json and --roofline cannot both go to ", options.json == "-" ? "stdout" : options.json);
  std::optional<ChildFile> json, roofline;
  if (!options.json.empty()) {
    json.emplace(options.json, ".json");
    words.push_back("--benchmark_out=" + json->path());
    words.emplace_back("--benchmark_out_format=json");
  }
  if (!options.roofline.empty()) {
    roofline.emplace(options.roofline, ".svg");
    words.push_back("--roofline=" + roofline->path());
  }
  const SignalWatch watch;
  const int code = run_and_wait(words, options.json == "-" || options.roofline == "-");
  if (const int signal = SignalWatch::received()) throw CLI::RuntimeError(128 + signal);
  if (code != 0) throw CLI::RuntimeError(code == exit_usage ? exit_usage : exit_failed);
  for (std::optional<ChildFile>* file : {&json, &roofline})
    if (*file) (*file)->deliver();
}

}  // namespace

void add_bench_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("bench", "Measure the kernels and this machine's limits");
  auto options = std::make_shared<Options>();
  command->add_option("--filter", options->filter, "Only rows whose name matches this regular expression");
  command->add_option("--json", options->json, "Google Benchmark's JSON to this file; - for stdout")
      ->check(expect_file);
  command
      ->add_option("--roofline", options->roofline,
                   "A roofline of the rows, an SVG picture, to this file; - for stdout")
      ->check(expect_file);
  add_device_options(*command, options->device);
  command->callback([options] { run(*options); });
}

}  // namespace attune::tools
