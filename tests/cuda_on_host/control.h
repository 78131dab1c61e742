// What tests can ask of the CUDA runtime on the host, beside the standard calls.
#pragma once

#include <cstdint>
#include <string>

namespace cuda_on_host {

// Seeds the order of blocks, warps and threads for the launches that follow.
void set_schedule_seed(std::uint64_t seed);

// How many multiprocessors the device claims to have: kernels choose their grid by it.
inline constexpr int default_multiprocessors = 4;
void set_multiprocessors(int count);

// The first fault since the last call, empty where there was none. A fault that nobody takes or sees as
// cudaErrorLaunchFailure fails the process at its end.
std::string take_fault();

}  // namespace cuda_on_host
