// report.html: what a run's page says, and that it needs nothing beside itself.
#include "tools/report/report.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <regex>

#include "core/files.h"
#include "core/json.h"
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

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t at = text.find(begin);
  REQUIRE(at != text.npos);
  const std::size_t from = at + begin.size(), to = text.find(end, from);
  REQUIRE(to != text.npos);
  return text.substr(from, to - from);
}

// The curves that the page's script draws.
Json charts(const std::string& html) {
  return Json::parse(between(html, "<script type='application/json' id='report-data'>", "</script>"))
      .at("charts");
}

std::vector<std::string> keys(const Json& charts) {
  std::vector<std::string> keys;
  for (const Json& chart : charts) keys.push_back(chart.at("key").get<std::string>());
  return keys;
}

// The cells of a method's first row, which is the overall one.
std::vector<std::string> row(const std::string& html, const std::string& method) {
  const std::string cells = between(html, "<th scope='row'>" + method + "</th>", "</tr>");
  const std::regex cell("<td( class='best')?>([^<]*)</td>");
  std::vector<std::string> row;
  for (std::sregex_iterator i(cells.begin(), cells.end(), cell), end; i != end; ++i)
    row.push_back((*i)[2].str() + ((*i)[1].matched ? "*" : ""));
  return row;
}

// Ten steps whose loss falls from 1 to 0.1; the last one validates, which takes its time.
Report ten_steps() {
  Report report;
  report.title = "a <run>";
  for (int step = 1; step <= 10; ++step) {
    StepMetrics metrics;
    metrics.step = step;
    metrics.loss = (11 - step) / 10.0;
    metrics.loss_rec = metrics.loss / 3;
    metrics.images_per_s = 16;
    report.metrics.push_back(metrics);
  }
  report.metrics.back().images_per_s = 1.5;
  report.metrics.back().val = ValidationScores{28.25, 150, 700};
  return report;
}

// Two pictures of one data set; the model gains 3 dB on one and loses 2 on the other.
std::vector<PictureResult> two_results() {
  return {{"a.jpg", "mini", "composite", 0.1, {200, 25, 900, 15, 0.95}, 0},
          {"a.jpg", "mini", "reinhard", 0.1, {300, 23, 950, 14, 0.9}, -2},
          {"a.jpg", "mini", "histogram", 0.1, {250, 24, 990, 13, 0.8}, -1},
          {"a.jpg", "mini", "model", 0.1, {100, 28, 500, 18, 0.97}, 3},
          {"b.jpg", "mini", "composite", 0.3, {200, 25, 900, 15, 0.95}, 0},
          {"b.jpg", "mini", "reinhard", 0.3, {300, 23, 950, 14, 0.9}, -2},
          {"b.jpg", "mini", "histogram", 0.3, {250, 24, 990, 13, 0.8}, -1},
          {"b.jpg", "mini", "model", 0.3, {250, 23, 950, 14, 0.91}, -2}};
}

ReportPicture named(const std::string& name, CaseKind kind) {
  ReportPicture picture;
  picture.name = name;
  picture.kind = kind;
  picture.composite = picture.harmonized = picture.real = Image(2, 1, 3);
  picture.mask = Image(2, 1, 1);
  picture.native_width = 640;
  picture.native_height = 427;
  picture.psnr_before = 20;
  picture.psnr_after = 25;
  return picture;
}

}  // namespace

TEST_CASE("the report's figures are the run's") {
  const std::string html = page(ten_steps());
  CHECK(contains(html, "<b>10</b>"));
  CHECK(contains(html, "1.0000 &rarr; 0.1000"));
  CHECK(contains(html, "28.25 dB"));
  CHECK(contains(html, "pictures a second</span><b>16.0</b>"));
}

TEST_CASE("the report is one file, with its pictures, style and scripts in it") {
  Report report = ten_steps();
  report.results = two_results();
  report.pictures = {named("a.jpg", CaseKind::best)};
  const std::string html = page(report);
  CHECK(contains(html, "src='data:image/jpeg;base64,"));
  CHECK(contains(html, "src='data:image/png;base64,"));
  for (const char* reference :
       {"http:", "https:", "//cdn", "<script src", "<link", "@import", "url('", "url(\"", "fetch("})
    CHECK_FALSE(contains(html, reference));
  const std::regex source("(src|href)=.([^'\"]{0,11})");
  for (std::sregex_iterator i(html.begin(), html.end(), source), end; i != end; ++i)
    CHECK((*i)[2].str() == "data:image/");
}

TEST_CASE("whatever names hold, the report's markup stays whole") {
  Report report = ten_steps();
  const std::string name = R"(<b>&"c"'s</script>.jpg)",
                    safe = "&lt;b&gt;&amp;&quot;c&quot;&#39;s&lt;/script&gt;.jpg";
  report.title = name;
  report.results = two_results();
  for (PictureResult& result : report.results) result.set = name;
  report.results.front().set = "another";
  report.pictures = {named(name, CaseKind::median)};
  report.config = R"({"data": [{"path": )" + Json(name).dump() + "}]}";
  const std::string html = page(report);
  CHECK_FALSE(contains(html, "<b>&\"c"));
  for (const char* place : {"<title>", "<h1>", "<figcaption><b>", "alt='mask of "})
    CHECK(contains(html, place + safe));
  CHECK(contains(html, "scope='rowgroup'>" + safe + " <span>"));
  CHECK(contains(
      html,
      "<dt>data[0].path</dt><dd>&quot;&lt;b&gt;&amp;\\&quot;c\\&quot;&#39;s&lt;/script&gt;.jpg&quot;</dd>"));
  CHECK_NOTHROW(charts(html));
}

TEST_CASE("the curves are the metrics, beside the composite's scores") {
  Report report = ten_steps();
  report.results = two_results();
  const std::string html = page(report);
  const Json all = charts(html);
  CHECK(keys(all) == std::vector<std::string>{"loss", "loss_rec", "psnr", "fmse"});  // loss_rc is 0 all along
  CHECK(all[0].at("steps") == Json::array({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  CHECK(all[0].at("values")[3] == 0.7);
  CHECK(all[1].at("values")[0] == 0.33333);  // five digits
  CHECK(all[0].at("composite").is_null());
  CHECK(all[2].at("steps") == Json::array({10}));
  CHECK(all[2].at("values") == Json::array({28.25}));
  CHECK(all[2].at("composite") == 25);
  CHECK(all[3].at("composite") == 900);
  for (const std::string& key : keys(all)) {
    const std::string figure = between(html, "data-chart='" + key + "'>", "</figure>");
    CHECK(contains(figure, "<polyline"));  // where no script runs
    CHECK_FALSE(contains(figure, "nan"));
  }
}

TEST_CASE("a long run's curves are means, and a step that isn't finite is left out") {
  Report report;
  for (int step = 1; step <= 8001; ++step) {
    StepMetrics metrics;
    metrics.step = step;
    metrics.loss = step % 3;
    metrics.images_per_s = 1;
    report.metrics.push_back(metrics);
  }
  report.metrics[4].loss = NAN;
  const Json loss = charts(page(report)).at(0);
  CHECK(loss.at("steps").size() == 2666);
  CHECK(loss.at("steps")[0] == 3);
  CHECK(loss.at("steps")[1] == 9);
  CHECK(loss.at("steps").back() == 8001);
  for (const Json& value : loss.at("values")) CHECK(value == 1);
}

TEST_CASE("the table has the four methods, the best of each score marked") {
  Report report = ten_steps();
  report.results = two_results();
  const std::string html = page(report);
  using Row = std::vector<std::string>;
  CHECK(row(html, "composite") == Row{"25.00", "15.00", "200.0", "900.0", "0.9500*", "&ndash;"});
  CHECK(row(html, "Reinhard") == Row{"23.00", "14.00", "300.0", "950.0", "0.9000", "2"});
  CHECK(row(html, "histogram") == Row{"24.00", "13.00", "250.0", "990.0", "0.8000", "0"});
  CHECK(row(html, "this model") == Row{"25.50*", "16.00*", "175.0*", "725.0*", "0.9400", "1"});
  CHECK(contains(html, "overall <span>2 pictures</span>"));
  CHECK(contains(html, "foreground 5-15 % <span>1 picture</span>"));
  CHECK_FALSE(contains(html, "rowgroup'>mini"));  // the only data set: its rows are the overall ones
  report.results.back().set = "other";
  CHECK(contains(page(report), "rowgroup'>mini"));
  CHECK_FALSE(contains(page(ten_steps()), "<table"));
}

TEST_CASE("each case shows four pictures in their native shape, under its kind") {
  Report report = ten_steps();
  report.pictures = {named("low.jpg", CaseKind::worst), named("high.jpg", CaseKind::best)};
  std::swap(report.pictures[0].psnr_before, report.pictures[0].psnr_after);
  const std::string html = page(report);
  const std::string best = between(html, "Gains most</h3>", "<h3>"),
                    worst = between(html, "Gains least</h3>", "</section>");
  CHECK_FALSE(contains(html, "In the middle</h3>"));
  CHECK(contains(best, "<b>high.jpg</b><span>20.00 &rarr; 25.00 dB <em>+5.00</em>"));
  CHECK(contains(worst, "<b>low.jpg</b><span>25.00 &rarr; 20.00 dB <em class='worse'>&minus;5.00</em>"));
  CHECK(contains(best, "--ratio: 640 / 427"));
  for (const char* view : {"composite", "mask", "harmonized", "real"})
    CHECK(contains(
        best, "data-view='" + std::string(view) + "'><img alt='" + view + " of high.jpg' src='data:image/"));
}

TEST_CASE("the configuration lists every key as --set takes it") {
  Report report;
  report.config =
      R"({"train": {"steps": 5}, "data": [{"path": "a"}, {"path": "b"}], "levels": [0, 1], "validation": []})";
  const std::string html = page(report);
  for (const char* entry : {"<dt>train.steps</dt><dd>5</dd>", "<dt>data[1].path</dt><dd>&quot;b&quot;</dd>",
                            "<dt>levels</dt><dd>[0,1]</dd>", "<dt>validation</dt><dd>[]</dd>"})
    CHECK(contains(html, entry));
  CHECK(contains(html, "<summary>5 keys</summary>"));
}

TEST_CASE("a run without a step has a report") {
  const std::string html = page({});
  CHECK(contains(html, "No step was made"));
  CHECK(charts(html).empty());
}
