// Which pictures a report shows as its best, median and worst.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "tools/report/cases.h"

using namespace attune::tools;

namespace {

std::vector<std::size_t> of_kind(CaseKind kind, const std::vector<CaseChoice>& choices) {
  std::vector<std::size_t> pictures;
  for (const CaseChoice& choice : choices)
    if (choice.kind == kind) pictures.push_back(choice.picture);
  return pictures;
}

void check(const std::vector<double>& gains, std::size_t each, const std::vector<std::size_t>& best,
           const std::vector<std::size_t>& median, const std::vector<std::size_t>& worst) {
  CAPTURE(gains, each);
  const std::vector<CaseChoice> choices = pick_cases(gains, each);
  CHECK(of_kind(CaseKind::best, choices) == best);
  CHECK(of_kind(CaseKind::median, choices) == median);
  CHECK(of_kind(CaseKind::worst, choices) == worst);
  CHECK(choices.size() == best.size() + median.size() + worst.size());
}

}  // namespace

TEST_CASE("the best come from the top down, the worst from the bottom up, the median ones from the middle") {
  check({5, 1, 9, 3, 7, 2, 8, 4, 6}, 1, {2}, {0}, {1});
  check({5, 1, 9, 3, 7, 2, 8, 4, 6}, 3, {2, 6, 4}, {8, 0, 7}, {1, 5, 3});
  check({0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, 2, {10, 9}, {6, 5}, {0, 1});
}

TEST_CASE("of few pictures all are shown, each once") {
  check({}, 3, {}, {}, {});
  check({-2}, 3, {0}, {}, {});
  check({-2, 1}, 3, {1}, {}, {0});
  check({-2, 1, 0}, 3, {1}, {2}, {0});
  check({4, 3, 2, 1}, 3, {0, 1}, {2}, {3});
  for (std::size_t count = 0; count < 20; ++count) {
    const std::vector<CaseChoice> choices = pick_cases(std::vector<double>(count, 1.0), 3);
    std::set<std::size_t> pictures;
    for (const CaseChoice& choice : choices) pictures.insert(choice.picture);
    CHECK(pictures.size() == choices.size());
    CHECK(pictures.size() == std::min<std::size_t>(count, 9));
  }
  check({1, 2}, 0, {}, {}, {});
}

TEST_CASE("of equal gains the earlier picture is the better one, and no number is the least") {
  check({1, 1, 1, 1, 1, 1}, 1, {0}, {2}, {5});
  check({1, 2, 2, 1, 2, 1}, 2, {1, 2}, {4, 0}, {5, 3});
  check({NAN, -50, 3}, 1, {2}, {1}, {0});
  check({NAN, -INFINITY, NAN}, 1, {0}, {1}, {2});
}
