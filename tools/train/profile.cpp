#include "tools/train/profile.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

namespace attune::tools {

namespace {

constexpr double least_share = 0.002;  // of a step; rows below it are summed up

// The type that a pass multiplies in, as far as the machine's limits tell types apart.
DType arithmetic(const Pass& pass) {
  const bool in_library = pass.kind == "convolution" || pass.kind == "linear";
  return in_library ? pass.dtype : DType::f32;
}

// Numbers in their columns: short enough for the buffer whatever their values.
template <class... Values>
std::string line(const char* format, Values... values) {
  std::array<char, 160> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

// The first column, which a layer's long name widens.
std::string first_column(std::string name) {
  constexpr std::size_t width = 58;
  name.resize(std::max(width, name.size()), ' ');
  return name;
}

}  // namespace

Profile::Profile(Context& context, TrainingStep& step, const std::optional<MachineLimits>& limits)
    : context_(context), limits_(limits) {
  step.observe([this](const Pass& pass, const std::function<void()>& run) { time(pass, run); });
}

void Profile::time(const Pass& pass, const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  context_.synchronize();
  const auto start = Clock::now();
  run();
  context_.synchronize();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (!warm_) return;
  for (Row* row : {&kinds_[text(pass.kind, " ", pass.direction)],
                   &layers_[text(pass.kind, " ", pass.name, " ", pass.direction)]}) {
    ++row->calls;
    row->seconds += seconds;
    row->cost = row->cost + pass.cost;
    if (limits_) row->least_seconds += limits_->seconds(pass.cost, arithmetic(pass));
  }
}

void Profile::end_step(double seconds) {
  if (warm_) {
    ++steps_;
    seconds_ += seconds;
  }
  warm_ = true;
}

std::string Profile::tables() const {
  if (steps_ == 0) return "profile: only one step ran, and the first one does not count\n";
  std::string head = line("mean of %lld steps: %.1f ms", static_cast<long long>(steps_),
                          1e3 * seconds_ / static_cast<double>(steps_));
  if (limits_)
    head +=
        line("; this machine: %.1f GB/s, %.0f GF/s in f32, %.0f in bf16", 1e-9 * limits_->bytes_per_second,
             1e-9 * limits_->f32_flops_per_second, 1e-9 * limits_->bf16_flops_per_second);
  return head + "\n\n" + table(kinds_) + "\n" + table(layers_);
}

std::string Profile::table(const std::map<std::string, Row>& rows) const {
  std::vector<std::pair<std::string, Row>> sorted;
  Row rest, timed;
  for (const auto& [name, row] : rows) {
    timed.seconds += row.seconds;
    if (row.seconds >= least_share * seconds_) {
      sorted.emplace_back(name, row);
      continue;
    }
    rest = {rest.calls + row.calls, rest.seconds + row.seconds, rest.least_seconds + row.least_seconds,
            rest.cost + row.cost};
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  if (rest.calls > 0) sorted.emplace_back("what takes less than 0.2 %", rest);

  const auto steps = static_cast<double>(steps_);
  std::string result = first_column("") +
                       line(" %5s %9s %6s %7s %7s %8s\n", "calls", "ms", "share", "GB/s", "GF/s", "roofline");
  for (const auto& [name, row] : sorted) {
    result +=
        first_column(name) + line(" %5.0f %9.3f %5.1f%% %7.1f %7.1f", static_cast<double>(row.calls) / steps,
                                  1e3 * row.seconds / steps, 100 * row.seconds / seconds_,
                                  1e-9 * static_cast<double>(row.cost.bytes) / row.seconds,
                                  1e-9 * static_cast<double>(row.cost.flops) / row.seconds);
    result += limits_ ? line(" %7.0f%%\n", 100 * row.least_seconds / row.seconds) : "\n";
  }
  // Pictures that were not ready, their way to the network, the losses' way back.
  return result + first_column("between the layers") +
         line(" %5s %9.3f %5.1f%%\n", "", 1e3 * (seconds_ - timed.seconds) / steps,
              100 * (seconds_ - timed.seconds) / seconds_);
}

}  // namespace attune::tools
