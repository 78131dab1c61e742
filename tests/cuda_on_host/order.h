// Which work follows which: vector clocks over streams, and the blocks of work that what runs now does not follow.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shadow.h"

namespace cuda_on_host {

// How many operations of each lane one knows to be over; a lane is a stream, or a branch of a graph.
using Clock = std::map<std::uint64_t, std::uint64_t>;
std::uint64_t new_lane();
void learn(Clock& clock, const Clock& other);

// What the host has waited for: all that it submits from now on follows that.
Clock& host_clock();

// The next operation of `lane` begins, which follows what `clock` knows and is then known to it.
void begin_operation(std::uint64_t lane, Clock& clock);
const Clock& clock_now();
void set_clock_now(const Clock& clock);

// Numbers the blocks of what runs now; a copy is one block. `kernel` is empty for a copy.
std::uint32_t claim_blocks(std::uint32_t count, const std::string& kernel);
// The blocks that are over and that what runs now does not follow.
std::vector<BlockRange> unordered_blocks();
// ", and block B, thread T of KERNEL wrote it in a stream that no event orders before": of such a block.
std::string describe_unordered(const Conflict& conflict);
// Called where nothing is pending: forgets what all later work follows.
void forget_what_the_host_knows();

}  // namespace cuda_on_host
