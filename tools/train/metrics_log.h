// metrics.jsonl: one line a step, flushed at once, so that a killed run loses nothing that a checkpoint knows of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace attune::tools {

struct ValidationScores {
  double psnr = 0, mse = 0, fmse = 0;
};

struct StepMetrics {
  std::int64_t step = 0;
  double loss = 0, loss_rec = 0, loss_rc = 0, lr = 0;
  double time_s = 0, images_per_s = 0;  // the only numbers that may differ between equal runs
  std::optional<ValidationScores> val;
};

class MetricsLog {
 public:
  // Opens `path` for a run that goes on after `step`: later lines, and a last one that was cut short, are dropped.
  MetricsLog(const std::filesystem::path& path, std::int64_t step);
  // Throws ErrorKind::output where the line can't be written.
  void write(const StepMetrics& metrics);

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

// The lines of a log, for the report. A line that was cut short ends the list.
std::vector<StepMetrics> read_metrics(const std::filesystem::path& path);

}  // namespace attune::tools
