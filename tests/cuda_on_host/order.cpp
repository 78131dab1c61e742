#include "order.h"

#include <algorithm>

#include "symbols.h"

namespace cuda_on_host {

namespace {

// Work that some later work may not follow.
struct Span {
  BlockRange blocks;
  std::uint64_t lane, number;
  std::string kernel;
};

struct State {
  std::uint64_t lanes = 0;
  std::uint32_t blocks = 0;  // claimed in this process, numbered from 1
  Clock host, now;
  std::uint64_t lane_now = 0;
  std::vector<Span> spans;
};

State& state() {
  static State instance;
  return instance;
}

bool knows(const Clock& clock, const Span& span) {
  const auto found = clock.find(span.lane);
  return found != clock.end() && found->second >= span.number;
}

}  // namespace

std::uint64_t new_lane() { return ++state().lanes; }

void learn(Clock& clock, const Clock& other) {
  for (const auto& [lane, number] : other) clock[lane] = std::max(clock[lane], number);
}

Clock& host_clock() { return state().host; }

void begin_operation(std::uint64_t lane, Clock& clock) {
  ++clock[lane];
  state().now = clock;
  state().lane_now = lane;
}

const Clock& clock_now() { return state().now; }
void set_clock_now(const Clock& clock) { state().now = clock; }

std::uint32_t claim_blocks(std::uint32_t count, const std::string& kernel) {
  State& s = state();
  const std::uint32_t first = s.blocks + 1;
  s.blocks += count;
  s.spans.push_back({{first, first + count}, s.lane_now, s.now[s.lane_now], kernel});
  return first;
}

std::vector<BlockRange> unordered_blocks() {
  std::vector<BlockRange> unordered;
  for (const Span& span : state().spans)
    if (!knows(state().now, span)) unordered.push_back(span.blocks);
  return unordered;
}

std::string describe_unordered(const Conflict& conflict) {
  const std::uint32_t block = conflict.other.block;
  const std::vector<Span>& spans = state().spans;
  const auto span =
      std::find_if(spans.begin(), spans.end(), [block](const Span& s) { return s.blocks.holds(block); });
  const std::string verb = conflict.other_wrote ? " wrote" : " read",
                    reason = " it in a stream that no event orders before";
  if (span->kernel.empty()) return ", and a copy or fill" + verb + reason;
  return ", and block " + std::to_string(block - span->blocks.first) + ", thread " +
         std::to_string(conflict.other.thread) + " of " + span->kernel + verb + reason + " (" +
         Symbols::of_executable().describe_code(conflict.other.code) + ")";
}

void forget_what_the_host_knows() {
  std::vector<Span>& spans = state().spans;
  spans.erase(
      std::remove_if(spans.begin(), spans.end(), [](const Span& span) { return knows(state().host, span); }),
      spans.end());
}

}  // namespace cuda_on_host
