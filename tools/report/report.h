// report.html: a training run on one page that needs no network: curves to zoom into, scores beside the baselines', the
// best, median and worst pictures to compare, the configuration. Without scripts all of it is still there to read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/metrics/summary.h"
#include "tools/report/cases.h"
#include "tools/train/metrics_log.h"

namespace attune::tools {

struct Report {
  std::string title;
  std::vector<StepMetrics> metrics;
  std::vector<PictureResult> results;  // the validation list's, of every method under protocol idih
  std::vector<ReportPicture> pictures;
  std::string config = "{}";  // every key, as JSON
};

void write_report(const std::filesystem::path& path, const Report& report);

}  // namespace attune::tools
