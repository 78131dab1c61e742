// Warp operations: lanes meet, and leave with each other's values.
#include <algorithm>

#include "launch_run.h"

namespace cuda_on_host {

std::uint64_t LaunchRun::meet(Collective kind, unsigned mask, std::uint64_t value, int source,
                              const char* file, int line) {
  Thread& thread = *current_;
  thread.file = file;
  thread.line = line;
  if (!arrive(kind, mask, value, source)) stop_here();
  if (thread.wait == Wait::collective) current_fiber().yield();
  return thread.received;
}

bool LaunchRun::arrive(Collective kind, unsigned mask, std::uint64_t value, int source) {
  Thread& thread = *current_;
  const unsigned self = 1u << thread.lane();
  if (!(mask & self)) return fault("a lane that the mask of its own warp operation leaves out" + place());
  if (kind == Collective::shuffle && !(mask >> source & 1u))
    return fault("a shuffle from lane " + std::to_string(source) + ", which the mask leaves out" + place());
  std::vector<Meeting>& open = meetings_[thread.warp()];
  auto meeting = std::find_if(open.begin(), open.end(), [&](const Meeting& m) { return m.mask & mask; });
  if (meeting == open.end()) meeting = open.insert(open.end(), Meeting{kind, mask});
  if (meeting->kind != kind || meeting->mask != mask)
    return fault("lanes of one warp meet in different operations or with different masks" + place());
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
