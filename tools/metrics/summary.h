// From the scores of single pictures to the rows of a table, and to JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tools/metrics/protocol.h"

namespace attune::tools {

struct PictureResult {
  std::string name;             // the composite's file name
  std::string set;              // data_set_name()
  std::string method;           // "composite", "model", "reinhard", "histogram"
  double foreground_ratio = 0;  // of the native mask, 0..1
  Scores scores;
  double gain = 0;  // PSNR over the composite's
};

struct SummaryRow {
  std::string set, method;
  std::int64_t images = 0;
  Scores mean;             // plain means over the images
  std::int64_t worse = 0;  // how many of them have a PSNR more than 1 dB below their composite's
};

// Rows for "overall"; for each data set (HCOCO, HAdobe5k, HFlickr, Hday2night, then others by name); and for
// each foreground ratio that occurs: "0-5", "5-15", "15-100" percent, lower ends included. Within a set the
// composite comes first, then the methods in the order of the results.
std::vector<SummaryRow> summarize(const std::vector<PictureResult>& results);

// The label of a ratio's bin.
const char* ratio_bin(double foreground_ratio);

// {"protocol": "idih", "rows": [{"set", "method", "images", "mse", "psnr", "fmse", "fpsnr", "ssim"}, ...],
//  "pictures": [{"name", "set", "method", "foreground", "mse", "psnr", "fmse", "fpsnr", "ssim"}, ...]}
nlohmann::ordered_json to_json(Protocol protocol, const std::vector<PictureResult>& results);

}  // namespace attune::tools
