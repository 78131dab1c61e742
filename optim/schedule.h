// The learning rate over a run: a linear warm-up, then half a cosine down to a fraction of its peak.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace attune {

struct Schedule {
  double peak = 1e-3;
  std::int64_t warmup_steps = 0;
  std::int64_t steps = 1;
  double final_fraction = 0;  // of the peak, at the last step
};

// For step 1..steps, a pure function: peak * step / warmup_steps while warming up; behind the last step the final rate.
inline double learning_rate(const Schedule& schedule, std::int64_t step) {
  if (step < schedule.warmup_steps)
    return schedule.peak * static_cast<double>(step) / static_cast<double>(schedule.warmup_steps);
  const std::int64_t falling = schedule.steps - schedule.warmup_steps;
  const double progress =
      falling <= 0
          ? 1.0
          : std::clamp(static_cast<double>(step - schedule.warmup_steps) / static_cast<double>(falling), 0.0,
                       1.0);
  const double cosine = 0.5 * (1.0 + std::cos(3.14159265358979323846 * progress));
  return schedule.peak * (schedule.final_fraction + (1.0 - schedule.final_fraction) * cosine);
}

}  // namespace attune
