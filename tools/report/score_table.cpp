#include "tools/report/score_table.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace attune::tools {

namespace {

using Rows = std::vector<SummaryRow>;

struct Column {
  const char* title;
  double Scores::*score;
  int digits;
  bool more_is_better;
};

constexpr std::array<Column, 5> columns = {{{"PSNR, dB", &Scores::psnr, 2, true},
                                            {"fPSNR, dB", &Scores::fpsnr, 2, true},
                                            {"MSE", &Scores::mse, 1, false},
                                            {"fMSE", &Scores::fmse, 1, false},
                                            {"SSIM", &Scores::ssim, 4, true}}};

std::string shown_method(const std::string& method) {
  if (method == "model") return "this model";
  return method == "reinhard" ? "Reinhard" : escaped(method);
}

std::string shown_set(const std::string& set) {
  if (set == "0-5" || set == "5-15" || set == "15-100") return "foreground " + set + " %";
  return escaped(set);
}

// The sets in their order.
std::vector<Rows> by_set(const Rows& rows) {
  std::vector<Rows> sets;
  for (const SummaryRow& row : rows) {
    if (sets.empty() || sets.back().front().set != row.set) sets.emplace_back();
    sets.back().push_back(row);
  }
  return sets;
}

double best_of(const Rows& set, const Column& column) {
  double best = set.front().mean.*column.score;
  for (const SummaryRow& row : set) {
    const double value = row.mean.*column.score;
    best = column.more_is_better ? std::max(best, value) : std::min(best, value);
  }
  return best;
}

std::string line(const SummaryRow& row, const Rows& set) {
  std::string html = row.method == "model" ? "<tr class='model'>" : "<tr>";
  html += "<th scope='row'>" + shown_method(row.method) + "</th>";
  for (const Column& column : columns) {
    const double value = row.mean.*column.score;
    html += value == best_of(set, column) ? "<td class='best'>" : "<td>";
    html += fixed(value, column.digits) + "</td>";
  }
  return html + "<td>" + (row.method == "composite" ? "&ndash;" : std::to_string(row.worse)) + "</td></tr>\n";
}

std::string group(const Rows& set) {
  const std::int64_t images = set.front().images;
  std::string html = "<tbody><tr class='set'><th colspan='7' scope='rowgroup'>" + shown_set(set.front().set) +
                     " <span>" + std::to_string(images) + (images == 1 ? " picture" : " pictures") +
                     "</span></th></tr>\n";
  for (const SummaryRow& row : set) html += line(row, set);
  return html + "</tbody>\n";
}

std::string table(const std::string& groups) {
  std::string html = "<table><thead><tr><th scope='col'>method</th>";
  for (const Column& column : columns) html += "<th scope='col'>" + std::string(column.title) + "</th>";
  return html + "<th scope='col'>worse by &gt;&nbsp;1&nbsp;dB</th></tr></thead>\n" + groups + "</table>";
}

bool is_ratio(const std::string& set) { return set == "0-5" || set == "5-15" || set == "15-100"; }

}  // namespace

std::string score_tables(const std::vector<SummaryRow>& rows) {
  std::string overall, parts;
  const std::vector<Rows> sets = by_set(rows);
  const auto data_sets = std::count_if(sets.begin(), sets.end(), [](const Rows& set) {
    return set.front().set != "overall" && !is_ratio(set.front().set);
  });
  for (const Rows& set : sets) {
    const std::string& name = set.front().set;
    if (name == "overall")
      overall += group(set);
    else if (is_ratio(name) || data_sets > 1)
      parts += group(set);
  }
  if (overall.empty()) return "";
  return "<div class='card scores'>" + table(overall) + "<details><summary>" +
         (data_sets > 1 ? "by data set and foreground ratio" : "by foreground ratio") + "</summary>" +
         table(parts) + "</details></div>\n";
}

}  // namespace attune::tools
