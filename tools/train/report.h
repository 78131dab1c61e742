// report.html: a training run on one page that needs no network: loss curves, before/after pictures, the configuration.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/image.h"
#include "tools/train/metrics_log.h"

namespace attune::tools {

struct ReportPicture {
  std::string name;
  Image composite, harmonized, real;
  double psnr_before = 0, psnr_after = 0;
};

struct Report {
  std::string title;
  std::vector<StepMetrics> metrics;
  std::vector<ReportPicture> pictures;
  std::string config;  // as JSON text
};

void write_report(const std::filesystem::path& path, const Report& report);

}  // namespace attune::tools
