// Accesses of work that no hook observes: copies, fills and libraries' calls read and write whole ranges.
#pragma once

#include "memory.h"
#include "order.h"

namespace cuda_on_host {

inline std::string describe_word(const DeviceAllocation& allocation, std::size_t offset) {
  return "global memory, an allocation of " + std::to_string(allocation.bytes) + " bytes, + " +
         std::to_string(offset) + " bytes (" + hexadecimal(allocation.data + offset) + ")";
}

// What a copy, a fill or a library's call accesses, as one block's one access.
class WholeAccess {
 public:
  // `library_call` is empty for a copy or fill.
  explicit WholeAccess(std::string library_call = "")
      : name_(library_call.empty() ? "a copy or fill" : library_call), block_(claim_blocks(1, library_call)) {
    for (const BlockRange& range : unordered_)
      order_.first_unordered_block = std::min(order_.first_unordered_block, range.first);
    access_.block = order_.launch_first_block;
  }
  void read(DeviceAllocation& allocation, std::size_t offset, std::size_t bytes) {
    report(allocation, allocation.shadow.copy_from(offset, bytes, access_, order_), "reads");
  }
  void write(DeviceAllocation& allocation, std::size_t offset, std::size_t bytes) {
    report(allocation, allocation.shadow.write(offset, bytes, access_, order_), "writes");
  }

 private:
  void report(const DeviceAllocation& allocation, const std::optional<Conflict>& conflict, const char* verb) {
    if (conflict)
      report_fault("race on " + describe_word(allocation, conflict->offset) + ", " + name_ + " " + verb +
                   " it" + describe_unordered(*conflict));
  }

  const std::string name_;
  const std::vector<BlockRange> unordered_ = unordered_blocks();  // before the blocks are claimed
  const std::uint32_t block_;
  Order order_{block_, block_, &unordered_, nullptr};
  Access access_;
};

}  // namespace cuda_on_host
