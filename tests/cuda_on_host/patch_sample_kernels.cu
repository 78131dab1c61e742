#include "tests/cuda_on_host/patch_sample_kernels.h"

#include "core/device.h"
#include "kernels/patch_sample/smallest_items.cuh"

namespace attune::test {

namespace {

using namespace patch_sample::cuda;

// sorted: most_sorted items.
__global__ void __launch_bounds__(select_threads)
    smallest_items_kernel(const std::uint64_t* items, int count, int wanted, std::uint64_t* sorted,
                          int* size) {
  __shared__ SelectMemory memory;
  const Section section = find_section(items, count, 0, wanted, memory);
  if (threadIdx.x == 0) *size = section.size;
  if (section.size > most_sorted) return;  // the test says so, not the memory behind
  sort_section(items, count, 0, section, memory);
  for (int i = static_cast<int>(threadIdx.x); i < section.size; i += select_threads)
    sorted[i] = memory.sorted[i];
}

}  // namespace

std::vector<std::uint64_t> smallest_items(Context& context, const std::vector<std::uint64_t>& items,
                                          int wanted) {
  const Device device = context.device();
  const auto item_bytes = static_cast<std::int64_t>(items.size() * sizeof(std::uint64_t));
  const DeviceMemory in = allocate(device, item_bytes), size = allocate(device, sizeof(int)),
                     out = allocate(device, most_sorted * sizeof(std::uint64_t));
  copy_bytes(in.get(), device, items.data(), Device{}, item_bytes);
  attune::cuda::launch("smallest_items", attune::cuda::stream_of(context), dim3(1), dim3(select_threads), 0,
                       smallest_items_kernel, static_cast<const std::uint64_t*>(in.get()),
                       static_cast<int>(items.size()), wanted, static_cast<std::uint64_t*>(out.get()),
                       static_cast<int*>(size.get()));
  context.synchronize();
  int found = 0;
  copy_bytes(&found, Device{}, size.get(), device, sizeof(int));
  std::vector<std::uint64_t> sorted(static_cast<std::size_t>(found));
  if (found > most_sorted) return sorted;
  copy_bytes(sorted.data(), Device{}, out.get(), device,
             found * static_cast<std::int64_t>(sizeof(std::uint64_t)));
  return sorted;
}

}  // namespace attune::test
