#include "tools/train/report.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/files.h"
#include "core/text.h"

namespace attune::tools {

namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1c1f23; --soft: #6a7178; --paper: #fbfaf8; --card: #fff; --line: #e3e0da; --accent: #c2552d; --second: #2f6f9f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e6e1; --soft: #9aa1a8; --paper: #17181a; --card: #202225; --line: #34373b; --accent: #ee8a5f; --second: #7db7e2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 64rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
.soft { color: var(--soft); } .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin-top: 1rem; }
.figures b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font-size: 11px; }
.axis { stroke: var(--line); } .loss { stroke: var(--accent); fill: none; stroke-width: 1.6; } .faint { stroke: var(--accent); fill: none; opacity: .25; } .val { stroke: var(--second); fill: none; stroke-width: 1.8; }
.row { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; margin-bottom: 1.25rem; } .row figure { margin: 0; } .row img { width: 100%; border-radius: 6px; display: block; } figcaption { font-size: .82rem; color: var(--soft); }
pre { overflow-x: auto; font-size: .8rem; line-height: 1.4; margin: 0; } summary { cursor: pointer; }
)";

std::string base64(const std::vector<std::uint8_t>& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  encoded.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = static_cast<std::uint32_t>(bytes[i]) << 16;
    if (i + 1 < bytes.size()) word |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
    if (i + 2 < bytes.size()) word |= bytes[i + 2];
    for (std::size_t digit = 0; digit < 4; ++digit)
      encoded += i + digit > bytes.size() ? '=' : digits[(word >> (18 - 6 * digit)) & 63];
  }
  return encoded;
}

// A series of (step, value) as an SVG chart, the vertical axis logarithmic where every value is positive and asked so.
struct Series {
  std::vector<std::pair<double, double>> points;
  const char* css;
};

std::string chart(const std::vector<Series>& all, const std::string& label, bool logarithmic) {
  constexpr double width = 900, height = 260, left = 56, right = 12, top = 12, bottom = 28;
  double low = INFINITY, high = -INFINITY, first = INFINITY, last = -INFINITY;
  const auto scaled = [&](double v) { return logarithmic ? std::log10(std::max(v, 1e-8)) : v; };
  for (const Series& series : all)
    for (const auto& [step, value] : series.points) {
      low = std::min(low, scaled(value));
      high = std::max(high, scaled(value));
      first = std::min(first, step);
      last = std::max(last, step);
    }
  if (!(low <= high)) return "";
  if (high - low < 1e-9) high = low + 1;
  if (last - first < 1e-9) last = first + 1;
  const auto x_of = [&](double step) {
    return left + (step - first) / (last - first) * (width - left - right);
  };
  const auto y_of = [&](double v) {
    return height - bottom - (v - low) / (high - low) * (height - top - bottom);
  };

  std::ostringstream svg;
  svg << "<svg viewBox='0 0 " << width << ' ' << height << "' role='img' aria-label='" << escaped(label)
      << "'>";
  for (int tick = 0; tick <= 4; ++tick) {
    const double v = low + (high - low) * tick / 4, y = y_of(v);
    const double shown = logarithmic ? std::pow(10, v) : v;
    svg << "<line class='axis' x1='" << left << "' x2='" << width - right << "' y1='" << y << "' y2='" << y
        << "'/><text x='" << left - 6 << "' y='" << y + 4 << "' text-anchor='end'>"
        << fixed(shown, shown < 0.1 ? 4 : 2) << "</text>";
  }
  svg << "<text x='" << left << "' y='" << height - 8 << "'>step " << first << "</text><text x='"
      << width - right << "' y='" << height - 8 << "' text-anchor='end'>" << last << "</text>";
  for (const Series& series : all) {
    svg << "<polyline class='" << series.css << "' points='";
    for (const auto& [step, value] : series.points)
      svg << fixed(x_of(step), 1) << ',' << fixed(y_of(scaled(value)), 1) << ' ';
    svg << "'/>";
  }
  svg << "</svg>";
  return svg.str();
}

// At most 400 points: means over equal runs of steps.
std::vector<std::pair<double, double>> thinned(const std::vector<StepMetrics>& metrics,
                                               double StepMetrics::*value, std::size_t points) {
  std::vector<std::pair<double, double>> result;
  const std::size_t run = std::max<std::size_t>(1, metrics.size() / points);
  for (std::size_t begin = 0; begin < metrics.size(); begin += run) {
    const std::size_t end = std::min(begin + run, metrics.size());
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += metrics[i].*value;
    if (std::isfinite(sum))
      result.emplace_back(static_cast<double>(metrics[end - 1].step), sum / static_cast<double>(end - begin));
  }
  return result;
}

// The median, since a step that validates as well, as the last one does, is ten times slower.
double median_rate(const std::vector<StepMetrics>& metrics) {
  std::vector<double> rates;
  for (const StepMetrics& step : metrics) rates.push_back(step.images_per_s);
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return *middle;
}

std::string figures(const Report& report) {
  const StepMetrics& last = report.metrics.back();
  std::ostringstream html;
  const auto figure = [&](const std::string& name, const std::string& value) {
    html << "<div class='card'><span class='soft'>" << name << "</span><b>" << value << "</b></div>";
  };
  html << "<div class='figures'>";
  figure("steps", std::to_string(last.step));
  figure("loss, first to last tenth", [&] {
    const auto means = thinned(report.metrics, &StepMetrics::loss, 10);
    return fixed(means.front().second, 4) + " &rarr; " + fixed(means.back().second, 4);
  }());
  double best = -INFINITY;
  for (const StepMetrics& step : report.metrics)
    if (step.val) best = std::max(best, step.val->psnr);
  if (std::isfinite(best)) figure("best validation PSNR", fixed(best, 2) + " dB");
  figure("pictures a second", fixed(median_rate(report.metrics), 1));
  html << "</div>";
  return html.str();
}

std::string curves(const std::vector<StepMetrics>& metrics) {
  std::ostringstream html;
  html << "<h2>Loss</h2><div class='card'>"
       << chart({{thinned(metrics, &StepMetrics::loss, 400), "faint"},
                 {thinned(metrics, &StepMetrics::loss, 40), "loss"}},
                "training loss by step", true)
       << "</div>";
  Series psnr{{}, "val"};
  for (const StepMetrics& step : metrics)
    if (step.val) psnr.points.emplace_back(static_cast<double>(step.step), step.val->psnr);
  if (!psnr.points.empty())
    html << "<h2>Validation PSNR, dB</h2><div class='card'>"
         << chart({psnr}, "validation PSNR by step", false) << "</div>";
  return html.str();
}

std::string pictures(const std::vector<ReportPicture>& all) {
  if (all.empty()) return "";
  std::ostringstream html;
  const auto figure = [&](const Image& image, const std::string& caption) {
    html << "<figure><img alt='" << escaped(caption) << "' src='data:image/png;base64,"
         << base64(encode_png(image)) << "'><figcaption>" << escaped(caption) << "</figcaption></figure>";
  };
  html << "<h2>Before and after</h2>";
  for (const ReportPicture& picture : all) {
    html << "<div class='row'>";
    figure(picture.composite, "composite " + fixed(picture.psnr_before, 2) + " dB");
    figure(picture.harmonized, "harmonized " + fixed(picture.psnr_after, 2) + " dB");
    figure(picture.real, "real: " + picture.name);
    html << "</div>";
  }
  return html.str();
}

}  // namespace

void write_report(const std::filesystem::path& path, const Report& report) {
  std::ostringstream html;
  html << "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
          "content='width=device-width, initial-scale=1'><title>"
       << escaped(report.title) << "</title><style>" << style << "</style></head><body><h1>"
       << escaped(report.title) << "</h1><div class='soft'>a training run of attune</div>";
  if (report.metrics.empty())
    html << "<p>No step was made.</p>";
  else
    html << figures(report) << curves(report.metrics);
  html << pictures(report.pictures)
       << "<h2>Configuration</h2><details class='card'><summary>every key</summary><pre>"
       << escaped(report.config) << "</pre></details></body></html>\n";
  write_file_atomically(path, html.str());
}

}  // namespace attune::tools
