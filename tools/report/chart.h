// The curves of a run on its page: as JSON that the page's script draws and zooms, and as a still drawing for where no
// script runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "tools/metrics/summary.h"
#include "tools/train/metrics_log.h"

namespace attune::tools {

struct Curve {
  std::vector<std::int64_t> steps;
  std::vector<double> values;
};

// At most about `points` of them: means over equal runs of steps. Runs with a value that isn't finite are left out.
Curve thinned(const std::vector<StepMetrics>& metrics, double StepMetrics::*value, std::size_t points);

struct Chart {
  std::string key, title;
  bool is_loss = false;  // noisy, so that its running mean is drawn too; its axis may be logarithmic
  Curve curve;
  std::optional<double> composite;  // the score of doing nothing
};

// The loss, its parts, and the validations' PSNR and fMSE, as far as the run has them. `rows` are summarize()'s.
std::vector<Chart> charts_of(const std::vector<StepMetrics>& metrics, const std::vector<SummaryRow>& rows);

std::string chart_figures(const std::vector<Chart>& charts);
// [{"key", "isLoss", "steps", "values", "composite"}, ...]
Json chart_data(const std::vector<Chart>& charts);

}  // namespace attune::tools
