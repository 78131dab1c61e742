// The parts of the runtime, as they see each other. All of it runs on one host thread at a time, under one lock.
#pragma once

#include <cuda_runtime.h>

#include <mutex>
#include <string>

#include "control.h"
#include "symbols.h"

namespace cuda_on_host {

std::recursive_mutex& runtime_lock();

// --- faults (runtime.cpp) ---
// Keeps the first report and makes the next synchronizing call return cudaErrorLaunchFailure.
void report_fault(const std::string& report);
bool fault_pending();
cudaError_t take_error();                       // of launches that have run since the last call
cudaError_t set_last_error(cudaError_t error);  // for cudaGetLastError; returns its argument

// --- settings and counters (runtime.cpp) ---
std::uint64_t schedule_seed();
Counters& counters_now();

// --- device memory (memory.cpp) ---
enum class AccessKind { read, write };
struct DeviceAllocation;
// The allocation that holds all of [data, data + bytes), or null.
DeviceAllocation* find_allocation(const void* data, std::size_t bytes);
// "4 bytes at byte 400 of an allocation of 400 bytes" or that nothing is near.
std::string describe_device_address(const void* data, std::size_t bytes);
std::string hexadecimal(std::uintptr_t value);
inline std::string hexadecimal(const void* address) {
  return hexadecimal(reinterpret_cast<std::uintptr_t>(address));
}

// --- one launch (block.cpp) ---
struct Launch {
  KernelAddress kernel;
  Arguments arguments;
  dim3 grid, block;
  std::size_t dynamic_shared_bytes;
};
void run(const Launch& launch);

// --- what instrumented code does (accesses.cpp, called by hooks.cpp) ---
struct Instruction {
  const void* address;
  std::size_t alignment = 1;  // that it needs
  bool atomic = false;
};
void observe(const void* address, std::size_t bytes, AccessKind kind, const Instruction& code);
void observe_undefined_behaviour(const std::string& what);

}  // namespace cuda_on_host
