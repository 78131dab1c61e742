// attune-contender CONTEST INPUTS OUTPUTS THREADS [CONFIG|MODEL]: attune's side of benchmarks/peers/compare.
//
// Makes the contest and runs it once on the tensors of INPUTS, prints the seconds that this took and writes what came out to
// OUTPUTS. Then, for each number that it reads, it runs so many times and prints the mean seconds of one; for a 0 it makes
// and runs the contest anew and prints the bytes of memory that this took at its peak.
#include <malloc.h>

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
  if (name == "step_shares") return step_shares_contest(inputs, argument, threads);
  if (name == "network") return network_contest(inputs, argument, threads);
  if (name == "picture") return picture_contest(inputs, argument, threads);
  fail(ErrorKind::configuration, "no contest is called ", name);
}

double mean_seconds(const Contest& contest, long long times) {
  const Clock::time_point start = Clock::now();
  for (long long i = 0; i < times; ++i) contest.run();
  return seconds_since(start) / static_cast<double>(times);
}

// Libraries are loaded and have their caches since the first time.
std::int64_t peak_bytes(Contest& contest, const std::function<Contest()>& make) {
  contest = {};
  malloc_trim(0);
  forget_peak();
  const std::int64_t before = resident_bytes("VmRSS:");
  contest = make();
  contest.run();
  return resident_bytes("VmHWM:") - before;
}

void compete(const std::string& name, const std::string& inputs_path, const std::string& outputs_path,
             int threads, const std::string& argument) {
  const SafetensorsFile inputs = read_safetensors(inputs_path);
  const auto make = [&] { return contest_called(name, inputs, threads, argument); };
  const Clock::time_point start = Clock::now();
  Contest contest = make();
  contest.run();
  std::printf("%.9f\n", seconds_since(start));
  write_safetensors(outputs_path, contest.outputs(), {});
  std::fflush(stdout);
  long long times = 0;
  while (std::scanf("%lld", &times) == 1) {
    if (times > 0)
      std::printf("%.9f\n", mean_seconds(contest, times));
    else
      std::printf("%lld\n", static_cast<long long>(peak_bytes(contest, make)));
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
