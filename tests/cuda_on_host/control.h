// What tests can ask of the CUDA runtime on the host, beside the standard calls.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace cuda_on_host {

// Seeds the order of blocks, warps and threads for the launches that follow, and that of independent streams. With odd
// seeds only what the host waits for runs, as late as it may; with even ones other streams' work may run before it.
void set_schedule_seed(std::uint64_t seed);

// How many multiprocessors the device claims to have: kernels choose their grid by it.
inline constexpr int default_multiprocessors = 4;
void set_multiprocessors(int count);

// The first fault since the last call, empty where there was none. A fault that nobody takes or sees as
// cudaErrorLaunchFailure fails the process at its end.
std::string take_fault();

// What host code has asked for since the last reset, whether it has run yet or not, or has entered a graph.
struct Counters {
  std::map<std::string, std::int64_t> launches;  // by "op: kernel", and by "op: product" of a library
  std::int64_t graph_launches = 0;
  std::int64_t allocations = 0;       // of device or pinned memory
  std::int64_t synchronizations = 0;  // calls that make the host wait, those that free memory among them
  std::int64_t pageable_copies = 0;   // cudaMemcpyAsync that makes the host wait
};
Counters counters();
void reset_counters();

}  // namespace cuda_on_host
