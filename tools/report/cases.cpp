#include "tools/report/cases.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/text.h"

namespace attune::tools {

namespace {

// Nine cases at 256x256 come to about 1 MB; as PNG it were four times as much.
constexpr int jpeg_quality = 92;

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

std::string photograph(const Image& image) {
  WriteOptions options;
  options.jpeg_quality = jpeg_quality;
  return "data:image/jpeg;base64," + base64(encode_jpeg(image, options));
}

// A mask's edge must not ring.
std::string drawing(const Image& image) { return "data:image/png;base64," + base64(encode_png(image)); }

std::string view(const std::string& name, const std::string& source, const std::string& picture) {
  return "<div class='view' data-view='" + name + "'><img alt='" + name + " of " + escaped(picture) +
         "' src='" + source + "'><span>" + name + "</span></div>";
}

std::string card(const ReportPicture& picture) {
  const double gain = picture.psnr_after - picture.psnr_before;
  return "<figure class='card case'><figcaption><b>" + escaped(picture.name) + "</b><span>" +
         fixed(picture.psnr_before, 2) + " &rarr; " + fixed(picture.psnr_after, 2) + " dB <em" +
         (gain < 0 ? " class='worse'>&minus;" : ">+") + fixed(std::abs(gain), 2) +
         "</em></span></figcaption>" +
         "<div class='frame' style='--ratio: " + std::to_string(picture.native_width) + " / " +
         std::to_string(picture.native_height) + "'>" +
         view("composite", photograph(picture.composite), picture.name) +
         view("mask", drawing(picture.mask), picture.name) +
         view("harmonized", photograph(picture.harmonized), picture.name) +
         view("real", photograph(picture.real), picture.name) + "</div></figure>\n";
}

std::string section(CaseKind kind, const char* title, const std::vector<ReportPicture>& pictures) {
  std::string cards;
  for (const ReportPicture& picture : pictures)
    if (picture.kind == kind) cards += card(picture);
  return cards.empty() ? "" : "<h3>" + std::string(title) + "</h3><div class='cases'>" + cards + "</div>\n";
}

}  // namespace

std::vector<CaseChoice> pick_cases(const std::vector<double>& gains, std::size_t each) {
  const auto known = [&](std::size_t picture) {
    return std::isnan(gains[picture]) ? -INFINITY : gains[picture];
  };
  std::vector<std::size_t> order(gains.size());  // from the best to the worst
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return known(a) > known(b); });

  const std::size_t best = std::min(each, (order.size() + 2) / 3),
                    worst = std::min(each, (order.size() + 1) / 3), median = std::min(each, order.size() / 3);
  std::vector<CaseChoice> choices;
  for (std::size_t i = 0; i < best; ++i) choices.push_back({CaseKind::best, order[i]});
  const std::size_t begin = std::max(best, (order.size() - median) / 2);
  for (std::size_t i = begin; i < begin + median; ++i) choices.push_back({CaseKind::median, order[i]});
  for (std::size_t i = 1; i <= worst; ++i) choices.push_back({CaseKind::worst, order[order.size() - i]});
  return choices;
}

std::string case_sections(const std::vector<ReportPicture>& pictures) {
  return section(CaseKind::best, "Gains most", pictures) +
         section(CaseKind::median, "In the middle", pictures) +
         section(CaseKind::worst, "Gains least", pictures);
}

}  // namespace attune::tools
