#include "tools/report/report.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/files.h"
#include "core/json.h"
#include "core/text.h"
#include "tools/report/chart.h"
#include "tools/report/page_parts.h"
#include "tools/report/score_table.h"

namespace attune::tools {

namespace {

// The median, since a step that validates as well, as the last one does, is ten times slower.
double median_rate(const std::vector<StepMetrics>& metrics) {
  std::vector<double> rates;
  for (const StepMetrics& step : metrics) rates.push_back(step.images_per_s);
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return *middle;
}

std::string figure(const std::string& name, const std::string& value) {
  return "<div class='card'><span class='soft'>" + name + "</span><b>" + value + "</b></div>";
}

std::string figures(const std::vector<StepMetrics>& metrics) {
  std::string html = "<div class='figures'>" + figure("steps", std::to_string(metrics.back().step));
  const Curve tenths = thinned(metrics, &StepMetrics::loss, 10);
  if (!tenths.values.empty())
    html += figure("loss, first to last tenth",
                   fixed(tenths.values.front(), 4) + " &rarr; " + fixed(tenths.values.back(), 4));
  double best = -INFINITY;
  for (const StepMetrics& step : metrics)
    if (step.val) best = std::max(best, step.val->psnr);
  if (std::isfinite(best)) html += figure("best validation PSNR", fixed(best, 2) + " dB");
  return html + figure("pictures a second", fixed(median_rate(metrics), 1)) + "</div>\n";
}

std::string curves(const std::vector<Chart>& charts) {
  return "<section id='curves'><h2>Curves</h2><div class='charts'>" + chart_figures(charts) +
         "</div></section>\n";
}

std::string scores(const std::vector<SummaryRow>& rows) {
  if (rows.empty()) return "";
  return "<section><h2>Scores on the validation list</h2><p class='soft'>Protocol idih, at 256&times;256 "
         "against the real photographs, with the last step's weights. The composite is what comes of doing "
         "nothing.</p>" +
         score_tables(rows) + "</section>\n";
}

std::string cases(const std::vector<ReportPicture>& pictures) {
  if (pictures.empty()) return "";
  return "<section id='cases'><h2>Pictures</h2><p class='soft'>By what the model gains in PSNR over the "
         "composite.</p>" +
         case_sections(pictures) + "</section>\n";
}

// "train.steps" and what it is set to, as --set takes them; a key that holds others is none itself.
void add_entries(const Json& value, const std::string& path, std::vector<std::string>& entries) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, inner] : value.items()) add_entries(inner, json_path(path, key), entries);
  } else if (value.is_array() && !value.empty() && value.front().is_structured()) {
    for (std::size_t i = 0; i < value.size(); ++i) add_entries(value[i], json_path(path, i), entries);
  } else {
    entries.push_back("<div><dt>" + escaped(path) + "</dt><dd>" + escaped(value.dump()) + "</dd></div>\n");
  }
}

std::string configuration(const std::string& config) {
  std::vector<std::string> entries;
  add_entries(Json::parse(config), "", entries);
  std::string html = "<section><h2>Configuration</h2><details class='card' id='config'><summary>" +
                     std::to_string(entries.size()) + " keys</summary><dl>";
  for (const std::string& entry : entries) html += entry;
  return html + "</dl></details></section>\n";
}

// Numbers and keys of our own: no text that could end the element.
std::string embedded(const Json& data) {
  return "<script type='application/json' id='report-data'>" + data.dump() + "</script>\n";
}

std::string script(const char* source) { return "<script>" + std::string(source) + "</script>\n"; }

}  // namespace

void write_report(const std::filesystem::path& path, const Report& report) {
  const std::vector<SummaryRow> rows = summarize(report.results);
  const std::vector<Chart> charts = charts_of(report.metrics, rows);
  std::ostringstream html;
  html << "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
          "<meta name='viewport' content='width=device-width, initial-scale=1'><title>"
       << escaped(report.title) << "</title><style>" << page_style << "</style></head>\n<body><header><h1>"
       << escaped(report.title) << "</h1><p class='soft'>a training run of attune</p></header>\n";
  if (report.metrics.empty())
    html << "<p>No step was made.</p>";
  else
    html << figures(report.metrics) << curves(charts);
  html << scores(rows) << cases(report.pictures) << configuration(report.config)
       << embedded({{"charts", chart_data(charts)}}) << script(chart_script) << script(case_script)
       << script(config_script) << "</body></html>\n";
  write_file_atomically(path, html.str());
}

}  // namespace attune::tools
