#include "tools/metrics/summary.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace attune::tools {

namespace {

constexpr std::array<const char*, 4> iharmony_sets{"HCOCO", "HAdobe5k", "HFlickr", "Hday2night"};

// The composite, where there is one, and then the others as they first occur.
std::vector<std::string> methods_of(const std::vector<PictureResult>& results) {
  std::vector<std::string> methods;
  for (const PictureResult& result : results) {
    if (std::find(methods.begin(), methods.end(), result.method) == methods.end())
      methods.push_back(result.method);
  }
  std::stable_partition(methods.begin(), methods.end(),
                        [](const std::string& name) { return name == "composite"; });
  return methods;
}

std::size_t rank_of(const std::string& set) {
  return static_cast<std::size_t>(std::find(iharmony_sets.begin(), iharmony_sets.end(), set) -
                                  iharmony_sets.begin());
}

std::vector<std::string> sets_of(const std::vector<PictureResult>& results) {
  std::vector<std::string> sets;
  for (const PictureResult& result : results) sets.push_back(result.set);
  std::sort(sets.begin(), sets.end(), [](const std::string& a, const std::string& b) {
    return rank_of(a) != rank_of(b) ? rank_of(a) < rank_of(b) : a < b;
  });
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  return sets;
}

template <class Belongs>
void append_rows(const std::vector<PictureResult>& results, const std::vector<std::string>& methods,
                 const std::string& set, const Belongs& belongs, std::vector<SummaryRow>& rows) {
  for (const std::string& method : methods) {
    SummaryRow row{set, method, 0, {}, 0};
    for (const PictureResult& result : results) {
      if (result.method != method || !belongs(result)) continue;
      ++row.images;
      if (result.gain < -1) ++row.worse;
      row.mean.mse += result.scores.mse;
      row.mean.psnr += result.scores.psnr;
      row.mean.fmse += result.scores.fmse;
      row.mean.fpsnr += result.scores.fpsnr;
      row.mean.ssim += result.scores.ssim;
    }
    if (row.images == 0) continue;
    for (double* sum : {&row.mean.mse, &row.mean.psnr, &row.mean.fmse, &row.mean.fpsnr, &row.mean.ssim}) {
      *sum /= static_cast<double>(row.images);
    }
    rows.push_back(std::move(row));
  }
}

void add_scores(const Scores& scores, nlohmann::ordered_json& to) {
  to["mse"] = scores.mse;
  to["psnr"] = scores.psnr;
  to["fmse"] = scores.fmse;
  to["fpsnr"] = scores.fpsnr;
  to["ssim"] = scores.ssim;
}

}  // namespace

const char* ratio_bin(double foreground_ratio) {
  if (foreground_ratio < 0.05) return "0-5";
  return foreground_ratio < 0.15 ? "5-15" : "15-100";
}

std::vector<SummaryRow> summarize(const std::vector<PictureResult>& results) {
  std::vector<SummaryRow> rows;
  const std::vector<std::string> methods = methods_of(results);
  append_rows(
      results, methods, "overall", [](const PictureResult&) { return true; }, rows);
  for (const std::string& set : sets_of(results)) {
    append_rows(
        results, methods, set, [&](const PictureResult& result) { return result.set == set; }, rows);
  }
  for (const std::string bin : {"0-5", "5-15", "15-100"}) {
    append_rows(
        results, methods, bin,
        [&](const PictureResult& result) { return ratio_bin(result.foreground_ratio) == bin; }, rows);
  }
  return rows;
}

nlohmann::ordered_json to_json(Protocol protocol, const std::vector<PictureResult>& results) {
  auto rows = nlohmann::ordered_json::array(), pictures = nlohmann::ordered_json::array();
  for (const SummaryRow& row : summarize(results)) {
    rows.push_back({{"set", row.set}, {"method", row.method}, {"images", row.images}});
    add_scores(row.mean, rows.back());
  }
  for (const PictureResult& result : results) {
    pictures.push_back({{"name", result.name},
                        {"set", result.set},
                        {"method", result.method},
                        {"foreground", result.foreground_ratio}});
    add_scores(result.scores, pictures.back());
  }
  return {{"protocol", name_of(protocol)}, {"rows", std::move(rows)}, {"pictures", std::move(pictures)}};
}

}  // namespace attune::tools
