// Profile: where the time of training steps goes, by layer and direction, beside what the machine could do.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tools/machine/limits.h"
#include "tools/train/training_step.h"

namespace attune::tools {

class Profile {
 public:
  // Watches the step's passes from now on; both must live as long. On a GPU the host waits before and after each pass, and
  // there are no limits to compare with.
  Profile(Context& context, TrainingStep& step, const std::optional<MachineLimits>& limits);

  // Ends a step that took so long, waiting for pictures included. The first one does not count: caches are cold in it.
  void end_step(double seconds);

  // Of the mean step, the slowest first: time and its share, the rates of compulsory bytes and flops, and roofline, the
  // time that the limits allow over the time taken. A table by kind of layer, then one by layer.
  std::string tables() const;

 private:
  struct Row {
    std::int64_t calls = 0;
    double seconds = 0, least_seconds = 0;
    Cost cost;
  };

  void time(const Pass& pass, const std::function<void()>& run);
  std::string table(const std::map<std::string, Row>& rows) const;

  Context& context_;
  std::optional<MachineLimits> limits_;
  std::map<std::string, Row> kinds_, layers_;
  bool warm_ = false;
  std::int64_t steps_ = 0;
  double seconds_ = 0;
};

}  // namespace attune::tools
