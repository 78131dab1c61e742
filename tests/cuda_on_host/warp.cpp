// Warp operations: lanes meet, and leave with each other's values.
#include <algorithm>

#include "launch_run.h"

namespace cuda_on_host {

namespace {

unsigned first_lane(unsigned mask) { return static_cast<unsigned>(__builtin_ctz(mask)); }

}  // namespace

std::uint64_t LaunchRun::meet(Collective kind, unsigned mask, std::uint64_t value, int source,
                              const char* file, int line) {
  Thread& thread = *current_;
  thread.file = file;
  thread.line = line;
  if (!arrive(kind, mask, value, source)) stop_here();
  if (thread.wait == Wait::collective) current_fiber().yield();
  return thread.received;
}

// "a warp operation with mask 0xff at FILE:LINE, in KERNEL, block B, thread T"
std::string LaunchRun::describe_operation(const Thread& thread, unsigned mask) const {
  return "a warp operation with mask " + hexadecimal(mask) + " at " + thread.file + ":" +
         std::to_string(thread.line) + place(thread);
}

// What a warp that cannot go on waits for; empty where no warp operation waits.
std::string LaunchRun::describe_missing_lane() const {
  for (unsigned warp = 0; warp < meetings_.size(); ++warp) {
    if (meetings_[warp].empty()) continue;
    const Meeting& meeting = meetings_[warp].front();
    const unsigned lane = first_lane(meeting.mask & ~meeting.arrived), missing = 32 * warp + lane;
    const Thread& waiting = threads_[32 * warp + first_lane(meeting.arrived)];
    return describe_operation(waiting, meeting.mask) + " waits for lane " + std::to_string(lane) +
           ", thread " + std::to_string(missing) + ", which " +
           (missing < threads_.size() ? threads_[missing].describe_wait() : "the block does not have");
  }
  return {};
}

bool LaunchRun::arrive(Collective kind, unsigned mask, std::uint64_t value, int source) {
  Thread& thread = *current_;
  const unsigned self = 1u << thread.lane();
  const auto refuse = [&](const std::string& what) { return fault(describe_operation(thread, mask) + what); };
  if (!(mask & self)) return refuse(" leaves itself out");
  if (kind == Collective::shuffle && !(mask >> source & 1u))
    return refuse(" reads lane " + std::to_string(source) + ", which the mask leaves out");
  std::vector<Meeting>& open = meetings_[thread.warp()];
  auto meeting = std::find_if(open.begin(), open.end(), [&](const Meeting& m) { return m.mask & mask; });
  if (meeting == open.end()) meeting = open.insert(open.end(), Meeting{kind, mask});
  if (meeting->kind != kind || meeting->mask != mask)
    return refuse((meeting->kind == kind ? " meets one" : " meets one of another kind") +
                  std::string(" with mask ") + hexadecimal(meeting->mask) + ", of thread " +
                  std::to_string(32 * thread.warp() + first_lane(meeting->arrived)));
  meeting->arrived |= self;
  meeting->values[thread.lane()] = value;
  meeting->sources[thread.lane()] = source;
  thread.wait = Wait::collective;
  if (meeting->arrived == mask) {
    const Meeting all = *meeting;
    open.erase(meeting);
    complete(all, thread.warp());
  }
  return true;
}

// Of the warp operations __syncwarp alone orders memory: its lanes then know what each of them knew.
void LaunchRun::complete(const Meeting& meeting, unsigned warp) {
  std::uint64_t ballot = 0;
  std::array<std::uint32_t, 32> known{};
  const auto each = [&](auto visit) {
    for (unsigned lane = 0; lane < 32; ++lane)
      if (meeting.mask >> lane & 1u) visit(threads_[warp * 32 + lane], lane);
  };
  each([&](const Thread& thread, unsigned lane) {
    ballot |= (meeting.values[lane] & 1u) << lane;
    for (std::size_t i = 0; i < 32; ++i) known[i] = std::max(known[i], thread.clocks[i]);
  });
  each([&](Thread& thread, unsigned lane) {
    thread.wait = Wait::none;
    thread.received = meeting.kind == Collective::shuffle
                          ? meeting.values[static_cast<unsigned>(meeting.sources[lane])]
                          : ballot;
    if (meeting.kind != Collective::syncwarp) return;
    thread.clocks = known;
    ++thread.clocks[lane];
  });
}
std::uint64_t meet(Collective kind, unsigned mask, std::uint64_t value, int source_lane, const char* file,
                   int line) {
  return machine().running->meet(kind, mask, value, source_lane, file, line);
}

int lane() { return static_cast<int>(machine().running->current().lane()); }

}  // namespace cuda_on_host
