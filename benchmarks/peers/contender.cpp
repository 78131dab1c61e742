// attune-contender CONTEST INPUTS OUTPUTS THREADS [CONFIG|MODEL]: attune's side of benchmarks/peers/compare.
//
// Runs the contest once on the tensors of INPUTS, writes what came out to OUTPUTS and prints the bytes of memory that this
// took beyond the inputs. Then, for each number that it reads, it runs so many times and prints the mean seconds of one.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include "benchmarks/peers/contest.h"

namespace attune::peers {

const Tensor& input(const SafetensorsFile& inputs, const std::string& name) {
  const auto found = inputs.tensors.find(name);
  require(found != inputs.tensors.end(), ErrorKind::input, "the inputs have no ", name);
  return found->second;
}

namespace {

// Resident memory in bytes: what there is, or the most since forget_peak().
std::int64_t resident_bytes(const char* field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::int64_t kibibytes = 0;
  while (status >> word)
    if (word == field) status >> kibibytes;
  return kibibytes * 1024;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

Contest contest_called(const std::string& name, const SafetensorsFile& inputs, int threads,
                       const std::string& argument) {
  if (name == "style_fusion") return style_fusion_contest(inputs, threads);
  if (name == "patch_infonce") return patch_infonce_contest(inputs, threads);
  if (name == "step") return step_contest(inputs, argument, threads);
  if (name == "network") return network_contest(inputs, argument, threads);
  if (name == "picture") return picture_contest(inputs, argument, threads);
  fail(ErrorKind::configuration, "no contest is called ", name);
}

void compete(const std::string& name, const std::string& inputs_path, const std::string& outputs_path,
             int threads, const std::string& argument) {
  const SafetensorsFile inputs = read_safetensors(inputs_path);
  forget_peak();
  const std::int64_t before = resident_bytes("VmRSS:");
  const Contest contest = contest_called(name, inputs, threads, argument);
  contest.run();
  std::printf("%lld\n", static_cast<long long>(resident_bytes("VmHWM:") - before));
  write_safetensors(outputs_path, contest.outputs(), {});
  std::fflush(stdout);
  long long times = 0;
  while (std::scanf("%lld", &times) == 1 && times > 0) {
    const auto start = std::chrono::steady_clock::now();
    for (long long i = 0; i < times; ++i) contest.run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::printf("%.9f\n", taken.count() / static_cast<double>(times));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace attune::peers

int main(int count, char** words) {
  if (count < 5) {
    std::fputs("usage: attune-contender CONTEST INPUTS OUTPUTS THREADS [CONFIG|MODEL]\n", stderr);
    return 2;
  }
  try {
    attune::peers::compete(words[1], words[2], words[3], std::atoi(words[4]), count > 5 ? words[5] : "");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attune-contender: %s\n", error.what());
    return 1;
  }
}
