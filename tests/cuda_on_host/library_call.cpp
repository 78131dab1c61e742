#include "library_call.h"

#include "memory.h"
#include "stream.h"
#include "whole_access.h"

namespace cuda_on_host {

namespace {

// What is wrong with a call's memory, if anything, but for races.
std::string fault_of(const std::vector<Memory>& reads, const std::vector<Memory>& writes) {
  for (const std::vector<Memory>* all : {&reads, &writes})
    for (const Memory& memory : *all) {
      DeviceAllocation* allocation = find_allocation(memory.data, memory.bytes);
      if (!allocation) return "out of bounds: " + describe_device_address(memory.data, memory.bytes);
      if (all == &reads &&
          allocation->shadow.first_unwritten(allocation->offset_of(memory.data), memory.bytes))
        return "read of unwritten memory: " + describe_device_address(memory.data, memory.bytes);
    }
  return {};
}

void run(const std::string& name, const std::vector<Memory>& reads, const std::vector<Memory>& writes,
         const std::function<void()>& body) {
  if (fault_pending()) return;
  const std::string fault = fault_of(reads, writes);
  if (!fault.empty()) return report_fault(name + ": " + fault);
  WholeAccess access(name);
  const auto each = [](const std::vector<Memory>& all, const auto& visit) {
    for (const Memory& memory : all) {
      DeviceAllocation& allocation = *find_allocation(memory.data, memory.bytes);
      visit(allocation, allocation.offset_of(memory.data), memory.bytes);
    }
  };
  each(reads,
       [&](DeviceAllocation& of, std::size_t offset, std::size_t bytes) { access.read(of, offset, bytes); });
  each(writes,
       [&](DeviceAllocation& of, std::size_t offset, std::size_t bytes) { access.write(of, offset, bytes); });
  body();
}

}  // namespace

void enqueue_library_call(void* stream, const char* name, const std::vector<Memory>& reads,
                          const std::vector<Memory>& writes, const std::function<void()>& body) {
  const std::lock_guard lock(runtime_lock());
  ++counters_now().launches[name];
  submit(static_cast<cudaStream_t>(stream), work_of([=] {
           run(name, reads, writes, body);
           return cudaSuccess;
         }));
}

}  // namespace cuda_on_host
