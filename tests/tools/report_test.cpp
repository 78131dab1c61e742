// report.html: what a run's page says, and that it needs nothing beside itself.
#include "tools/train/report.h"

#include <catch2/catch.hpp>

#include "core/files.h"
#include "tests/support/errors.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;
using namespace attune::tools;
using attune::test::contains;

namespace {

std::string page(const Report& report) {
  const TemporaryFolder folder;
  write_report(folder.path() / "report.html", report);
  return read_text_file(folder.path() / "report.html");
}

// Ten steps whose loss falls from 1 to 0.1; the last one validates, which takes its time.
Report ten_steps() {
  Report report;
  report.title = "a <run>";
  for (int step = 1; step <= 10; ++step) {
    StepMetrics metrics;
    metrics.step = step;
    metrics.loss = (11 - step) / 10.0;
    metrics.images_per_s = 16;
    report.metrics.push_back(metrics);
  }
  report.metrics.back().images_per_s = 1.5;
  report.metrics.back().val = ValidationScores{28.25, 150, 700};
  return report;
}

}  // namespace

TEST_CASE("the report's figures are the run's") {
  const std::string html = page(ten_steps());
  CHECK(contains(html, "<b>10</b>"));
  CHECK(contains(html, "1.0000 &rarr; 0.1000"));
  CHECK(contains(html, "28.25 dB"));
  CHECK(contains(html, "pictures a second</span><b>16.0</b>"));
}

TEST_CASE("the report is one file, with its pictures in it") {
  Report report = ten_steps();
  const Image picture(2, 1, 3);
  report.pictures.push_back({"a&b's.jpg", picture, picture, picture, 20, 25});
  report.config = R"({"train": "<none>"})";
  const std::string html = page(report);
  CHECK(contains(html, "data:image/png;base64,"));
  CHECK(contains(html, "harmonized 25.00 dB"));
  for (const char* text : {"a &lt;run&gt;", "a&amp;b&#39;s.jpg", "&lt;none&gt;"}) CHECK(contains(html, text));
  for (const char* reference : {"http:", "https:", "<script src", "<link"})
    CHECK_FALSE(contains(html, reference));
}

TEST_CASE("a run without a step has a report") { CHECK(contains(page({}), "No step was made")); }
