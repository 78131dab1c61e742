#include "tools/train/metrics_log.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/files.h"

namespace attune::tools {

namespace {

using Line = nlohmann::ordered_json;

Line to_line(const StepMetrics& metrics) {
  Line line = {{"step", metrics.step},
               {"time_s", std::round(metrics.time_s * 1000) / 1000},
               {"loss", metrics.loss},
               {"loss_rec", metrics.loss_rec},
               {"loss_rc", metrics.loss_rc},
               {"lr", metrics.lr},
               {"images_per_s", std::round(metrics.images_per_s * 100) / 100}};
  if (metrics.val)
    line["val"] = {{"psnr", metrics.val->psnr}, {"mse", metrics.val->mse}, {"fmse", metrics.val->fmse}};
  return line;
}

// A number, or NaN where JSON had to say null.
double number(const Line& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : std::nan("");
}

StepMetrics from_line(const Line& line) {
  StepMetrics metrics;
  metrics.step = line.at("step").get<std::int64_t>();
  metrics.time_s = number(line, "time_s");
  metrics.loss = number(line, "loss");
  metrics.loss_rec = number(line, "loss_rec");
  metrics.loss_rc = number(line, "loss_rc");
  metrics.lr = number(line, "lr");
  metrics.images_per_s = number(line, "images_per_s");
  if (line.contains("val"))
    metrics.val = {number(line["val"], "psnr"), number(line["val"], "mse"), number(line["val"], "fmse")};
  return metrics;
}

// The length of the part of a log that ends with the line of `step`.
std::size_t length_up_to(const std::string& log, std::int64_t step) {
  std::size_t end = 0;
  for (std::size_t newline; (newline = log.find('\n', end)) != std::string::npos; end = newline + 1) {
    const Line line = Line::parse(log.substr(end, newline - end), nullptr, false);
    if (line.is_discarded() || !line.is_object() || !line.contains("step") ||
        !line["step"].is_number_integer() || line["step"].get<std::int64_t>() > step)
      break;
  }
  return end;
}

}  // namespace

MetricsLog::MetricsLog(const std::filesystem::path& path, std::int64_t step) : path_(path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    const std::string log = read_text_file(path);
    write_file_atomically(path, std::string_view(log).substr(0, length_up_to(log, step)));
  }
  file_.open(path, std::ios::app);
  require(file_.good(), ErrorKind::output, path.string(), ": can't be written");
}

void MetricsLog::write(const StepMetrics& metrics) {
  file_ << to_line(metrics).dump() << '\n' << std::flush;
  require(file_.good(), ErrorKind::output, path_.string(), ": can't be written");
}

std::vector<StepMetrics> read_metrics(const std::filesystem::path& path) {
  std::vector<StepMetrics> all;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    const Line line = Line::parse(text, nullptr, false);
    if (line.is_discarded() || !line.is_object() || !line.contains("step")) break;
    all.push_back(from_line(line));
  }
  return all;
}

}  // namespace attune::tools
