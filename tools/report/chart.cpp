#include "tools/report/chart.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "core/text.h"

namespace attune::tools {

namespace {

// Of a curve: a run of 3600 steps is there step by step, and the page's numbers stay below 200 KB.
constexpr std::size_t most_points = 4000;
constexpr std::size_t still_points = 300;

bool is_flat_zero(const Curve& curve) {
  return std::all_of(curve.values.begin(), curve.values.end(), [](double value) { return value == 0; });
}

Curve validations(const std::vector<StepMetrics>& metrics, double ValidationScores::*score) {
  Curve curve;
  for (const StepMetrics& step : metrics) {
    if (!step.val || !std::isfinite((*step.val).*score)) continue;
    curve.steps.push_back(step.step);
    curve.values.push_back((*step.val).*score);
  }
  return curve;
}

std::optional<double> composites_score(const std::vector<SummaryRow>& rows, double Scores::*score) {
  for (const SummaryRow& row : rows)
    if (row.set == "overall" && row.method == "composite") return row.mean.*score;
  return std::nullopt;
}

// To five digits, which is what a reader can tell apart: half as many bytes.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10, std::max(0.0, 4 - std::floor(std::log10(std::abs(value)))));
  return std::round(value * scale) / scale;
}

Json rounded(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(rounded(value));
  return list;
}

struct Range {
  double low = INFINITY, high = -INFINITY;

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double part(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

// A chart without its script: four equal parts, the first and the last step.
class StillChart {
 public:
  explicit StillChart(const Chart& chart) : chart_(chart), is_logarithmic_(chart.is_loss) {
    for (const double value : chart.curve.values) is_logarithmic_ = is_logarithmic_ && value > 0;
    for (const double value : chart.curve.values) values_.include(scaled(value));
    if (chart.composite) values_.include(scaled(*chart.composite));
    for (const std::int64_t step : chart.curve.steps) steps_.include(static_cast<double>(step));
  }

  std::string svg() const {
    std::ostringstream out;
    out << "<svg viewBox='0 0 " << width << ' ' << height << "' role='img' aria-label='"
        << escaped(chart_.title) << " by step'>" << axes();
    if (chart_.composite)
      out << line("composite", scaled(*chart_.composite)) << "<text x='" << width - right << "' y='"
          << y_of(scaled(*chart_.composite)) - 4 << "' text-anchor='end'>composite</text>";
    out << "<polyline class='mean' points='";
    const std::size_t stride = std::max<std::size_t>(1, chart_.curve.steps.size() / still_points);
    for (std::size_t i = 0; i < chart_.curve.steps.size(); i += stride)
      out << fixed(x_of(static_cast<double>(chart_.curve.steps[i])), 1) << ','
          << fixed(y_of(scaled(chart_.curve.values[i])), 1) << ' ';
    out << "'/></svg>";
    return out.str();
  }

 private:
  static constexpr double width = 640, height = 240, left = 56, right = 12, top = 12, bottom = 28;

  double scaled(double value) const { return is_logarithmic_ ? std::log10(value) : value; }
  double x_of(double step) const { return left + steps_.part(step) * (width - left - right); }
  double y_of(double value) const { return height - bottom - values_.part(value) * (height - top - bottom); }

  std::string line(const char* style, double value) const {
    const std::string y = fixed(y_of(value), 1);
    return "<line class='" + std::string(style) + "' x1='" + fixed(left, 0) + "' x2='" +
           fixed(width - right, 0) + "' y1='" + y + "' y2='" + y + "'/>";
  }

  std::string axes() const {
    std::ostringstream out;
    for (int tick = 0; tick <= 4; ++tick) {
      const double value = values_.low + (values_.high - values_.low) * tick / 4;
      const double shown = is_logarithmic_ ? std::pow(10, value) : value;
      out << line("grid", value) << "<text x='" << left - 6 << "' y='" << y_of(value) + 4
          << "' text-anchor='end'>" << fixed(shown, shown < 0.1 ? 4 : 2) << "</text>";
    }
    out << "<text x='" << left << "' y='" << height - 8 << "'>step " << steps_.low << "</text><text x='"
        << width - right << "' y='" << height - 8 << "' text-anchor='end'>" << steps_.high << "</text>";
    return out.str();
  }

  const Chart& chart_;
  bool is_logarithmic_;
  Range values_, steps_;
};

}  // namespace

Curve thinned(const std::vector<StepMetrics>& metrics, double StepMetrics::*value, std::size_t points) {
  Curve curve;
  const std::size_t run = std::max<std::size_t>(1, (metrics.size() + points - 1) / points);
  for (std::size_t begin = 0; begin < metrics.size(); begin += run) {
    const std::size_t end = std::min(begin + run, metrics.size());
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += metrics[i].*value;
    if (!std::isfinite(sum)) continue;
    curve.steps.push_back(metrics[end - 1].step);
    curve.values.push_back(sum / static_cast<double>(end - begin));
  }
  return curve;
}

std::vector<Chart> charts_of(const std::vector<StepMetrics>& metrics, const std::vector<SummaryRow>& rows) {
  std::vector<Chart> charts = {
      {"loss", "Loss", true, thinned(metrics, &StepMetrics::loss, most_points), {}},
      {"loss_rec", "Reconstruction loss", true, thinned(metrics, &StepMetrics::loss_rec, most_points), {}},
      {"loss_rc", "Region contrast loss", true, thinned(metrics, &StepMetrics::loss_rc, most_points), {}},
      {"psnr", "Validation PSNR, dB", false, validations(metrics, &ValidationScores::psnr),
       composites_score(rows, &Scores::psnr)},
      {"fmse", "Validation fMSE", false, validations(metrics, &ValidationScores::fmse),
       composites_score(rows, &Scores::fmse)}};
  // A part with weight 0 is 0 all along, and where nothing was validated there is no point.
  charts.erase(std::remove_if(charts.begin(), charts.end(),
                              [](const Chart& chart) { return is_flat_zero(chart.curve); }),
               charts.end());
  return charts;
}

std::string chart_figures(const std::vector<Chart>& charts) {
  std::string html;
  for (const Chart& chart : charts)
    html += "<figure class='card chart' data-chart='" + chart.key + "'><figcaption><b>" +
            escaped(chart.title) + "</b></figcaption>" + StillChart(chart).svg() + "</figure>\n";
  return html;
}

Json chart_data(const std::vector<Chart>& charts) {
  Json list = Json::array();
  for (const Chart& chart : charts)
    list.push_back({{"key", chart.key},
                    {"isLoss", chart.is_loss},
                    {"steps", chart.curve.steps},
                    {"values", rounded(chart.curve.values)},
                    {"composite", chart.composite ? Json(rounded(*chart.composite)) : Json()}});
  return list;
}

}  // namespace attune::tools
