// The pictures of a report: where the model gains most over the composite, where as much as it usually does, and where
// least.
#pragma once

#include <string>
#include <vector>

#include "core/image.h"

namespace attune::tools {

enum class CaseKind { best, median, worst };

struct CaseChoice {
  CaseKind kind;
  std::size_t picture;  // its place in `gains`
};

// At most `each` pictures of each kind, none of them twice, and of fewer than 3 * each pictures all: one alone is the
// best, two are the best and the worst. The best come first, from the best down; then the median ones, from the better
// down; then the worst, from the worst up. Among equal gains the earlier picture counts as the better one; a gain that
// is no number is the least.
std::vector<CaseChoice> pick_cases(const std::vector<double>& gains, std::size_t each);

struct ReportPicture {
  CaseKind kind = CaseKind::best;
  std::string name;
  Image composite, mask, harmonized, real;           // of one size
  std::int64_t native_width = 1, native_height = 1;  // whose ratio the page shows them in
  double psnr_before = 0, psnr_after = 0;
};

// The cards, a section a kind.
std::string case_sections(const std::vector<ReportPicture>& pictures);

}  // namespace attune::tools
