// Work of a library that stands in for one of NVIDIA's: host code that runs in its stream's order, as a kernel does.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace cuda_on_host {

struct Memory {
  const void* data;
  std::size_t bytes;
};

// `reads` has to be written device memory, `writes` device memory; else the call is a fault and does not run. `stream`
// is a cudaStream_t.
void enqueue_library_call(void* stream, const char* name, const std::vector<Memory>& reads,
                          const std::vector<Memory>& writes, const std::function<void()>& body);

}  // namespace cuda_on_host
