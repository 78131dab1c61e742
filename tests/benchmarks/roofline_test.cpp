// A roofline's geometry and figures, from limits that are known: every picture is read back from its SVG.
#include "benchmarks/roofline/roofline.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <regex>
#include <set>

#include "benchmarks/roofline/axis.h"
#include "benchmarks/roofline/figures.h"
#include "benchmarks/roofline/mark.h"

using namespace attune;
using namespace attune::bench;

namespace {

constexpr double giga = 1e9, peak = 100 * giga, memory = 10 * giga;  // a ridge point of 10 flop/byte
constexpr std::int64_t cache_bytes = 1 << 20;

tools::MachineLimits limits_of(double read, double copy, double ceiling, double f32, double bf16) {
  return {read, copy, ceiling, f32, bf16};
}
const tools::MachineLimits limits = limits_of(memory, 0.8 * memory, memory, peak, peak);

// Of so many gigabytes and gigaflops a call, far larger than the cache.
MeasuredRow row_of(const std::string& name, double gigabytes, double gigaflops, double seconds) {
  const Cost cost = {static_cast<std::int64_t>(gigabytes * giga),
                     static_cast<std::int64_t>(gigaflops * giga)};
  return {name, cost, DType::f32, seconds, 0.0125};
}
const MeasuredRow at_ridge = row_of("matmul/forward/f32/ridge", 1, 10, 0.1);
const MeasuredRow half_of_memory = row_of("norm/forward/f32/half", 1, 1, 0.2);
const MeasuredRow tenth_of_peak = row_of("convolution/backward/bf16/tenth", 0.1, 100, 10);
const MeasuredRow without_flops = row_of("patch_sample/gather/f32/quarter", 1, 0, 0.4);
// 32 times as fast as memory.
const MeasuredRow in_cache = {"resample/forward/f32/small", {320000, 32000}, DType::f32, 1e-6, 0.5};

struct Line {
  Point from, to;
};

struct Picture {
  std::vector<Box> frames;   // the plot's, and the one of rows without flops
  std::vector<Line> roofs;   // memory's, memory's other bandwidth, one a peak
  std::vector<Point> marks;  // of rows, with the mark's own size taken away
  std::set<std::string> words;
};

std::vector<std::smatch> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return {std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()};
}
double number(const std::smatch& match, std::size_t group) { return std::stod(match[group].str()); }

Picture picture_of(const std::string& svg) {
  Picture picture;
  for (const auto& m : matches(svg, "<rect class='frame' x='(.*?)' y='(.*?)' width='(.*?)' height='(.*?)'"))
    picture.frames.push_back(
        {number(m, 1), number(m, 2), number(m, 1) + number(m, 3), number(m, 2) + number(m, 4)});
  const std::size_t group = svg.find("<g clip-path='url(#frame)'>");
  const std::string clipped = svg.substr(group, svg.find("</g>", group) - group);
  for (const auto& m : matches(clipped, "<line class='roof.*?' x1='(.*?)' y1='(.*?)' x2='(.*?)' y2='(.*?)'"))
    picture.roofs.push_back({{number(m, 1), number(m, 2)}, {number(m, 3), number(m, 4)}});
  for (const auto& m : matches(svg, "<circle cx='(.*?)' cy='(.*?)' [^>]*><title>"))
    picture.marks.push_back({number(m, 1), number(m, 2)});
  for (const auto& m : matches(svg, "<rect x='(.*?)' y='(.*?)' width='(.*?)' [^>]*><title>"))
    picture.marks.push_back({number(m, 1) + number(m, 3) / 2, number(m, 2) + number(m, 3) / 2});
  for (const auto& m : matches(svg, "<path d='M(.*?) (.*?)l[^>]*><title>"))
    picture.marks.push_back({number(m, 1), number(m, 2) + 6.6});
  for (const auto& m : matches(svg, "<text [^>]*>([^<]*)</text>")) picture.words.insert(m[1]);
  return picture;
}

Picture draw(const std::vector<MeasuredRow>& rows, const tools::MachineLimits& machine = limits) {
  return picture_of(roofline_svg({rows, machine, cache_bytes, "a machine"}));
}

void check_near(Point a, Point b) {
  CHECK(a.x == Approx(b.x).margin(0.03));
  CHECK(a.y == Approx(b.y).margin(0.03));
}

bool is_within(const Box& frame, Point point) {
  return frame.holds({point.x + 0.02, point.y + 0.02, point.x - 0.02, point.y - 0.02});
}

}  // namespace

TEST_CASE("A row at the ridge point is where the roofs meet") {
  const Picture picture = draw({at_ridge});
  REQUIRE(picture.roofs.size() == 3);
  REQUIRE(picture.marks.size() == 1);
  const Line memory_roof = picture.roofs[0], peak_roof = picture.roofs[2];
  check_near(memory_roof.to, picture.marks[0]);
  check_near(peak_roof.from, picture.marks[0]);
  CHECK(memory_roof.from.x == Approx(picture.frames.at(0).left));
  CHECK(peak_roof.to.x == Approx(picture.frames[0].right));
  CHECK(peak_roof.to.y == peak_roof.from.y);
}

TEST_CASE("Rows are as far below their roof as their share says") {
  const Picture picture = draw({at_ridge, half_of_memory, tenth_of_peak});
  const Line memory_roof = picture.roofs.at(0), peak_roof = picture.roofs.at(2);
  // Ten times the intensity goes as far along x as ten times the rate along y goes up memory's roof.
  const Point half = picture.marks.at(1), tenth = picture.marks.at(2);
  const double decade_x = memory_roof.to.x - half.x;
  const double decade_y = tenth.y - peak_roof.to.y;
  CHECK(tenth.x - memory_roof.to.x == Approx(2 * decade_x).margin(0.05));  // 1000 flop/byte
  CHECK(half.y - memory_roof.to.y == Approx(decade_y * (1 + std::log10(2))).margin(0.05));
  const double slope = (memory_roof.from.y - memory_roof.to.y) / (memory_roof.to.x - memory_roof.from.x);
  CHECK(slope == Approx(decade_y / decade_x).epsilon(1e-3));
}

TEST_CASE("Rows without flops stand beside the end of memory's roof") {
  const Picture picture = draw({at_ridge, without_flops});
  REQUIRE(picture.frames.size() == 2);
  const Box& strip = picture.frames[0].left < picture.frames[1].left ? picture.frames[0] : picture.frames[1];
  const Box& plot = picture.frames[0].left < picture.frames[1].left ? picture.frames[1] : picture.frames[0];
  const Line level = picture.roofs.at(0), memory_roof = picture.roofs.at(1);
  CHECK(level.from.y == level.to.y);
  check_near(level.from, {strip.left, memory_roof.from.y});
  CHECK(level.to.x == Approx(strip.right));
  CHECK(memory_roof.from.x == Approx(plot.left));
  // A quarter of memory's rate.
  const double decade = (memory_roof.from.y - memory_roof.to.y) * std::log(10) /
                        std::log(10 / (1.25 / 1.5));  // x begins at the ridge / 8 / 1.5
  CHECK(picture.marks.at(1).x == Approx((strip.left + strip.right) / 2));
  CHECK(picture.marks[1].y - level.from.y == Approx(decade * std::log10(4)).margin(0.05));
}

TEST_CASE("Everything is within the frame, whatever the rows are") {
  const tools::MachineLimits two_peaks = limits_of(0.9 * memory, memory, memory, peak, 64 * peak);
  const std::vector<std::vector<MeasuredRow>> runs = {
      {at_ridge},
      {half_of_memory},
      {tenth_of_peak},
      {in_cache},
      {without_flops},
      {row_of("matmul/forward/f32/high", 0.001, 1000, 11)},
      {row_of("norm/forward/f32/low", 10, 0.001, 50), in_cache, without_flops}};
  for (const auto& rows : runs)
    for (const tools::MachineLimits& machine : {limits, two_peaks}) {
      INFO(rows[0].name);
      const Picture picture = draw(rows, machine);
      const auto is_framed = [&](Point point) {
        return std::any_of(picture.frames.begin(), picture.frames.end(),
                           [&](const Box& frame) { return is_within(frame, point); });
      };
      CHECK(picture.marks.size() == rows.size());
      for (const Point mark : picture.marks) CHECK(is_framed(mark));
      for (const Line& roof : picture.roofs) CHECK((is_framed(roof.from) && is_framed(roof.to)));
    }
}

TEST_CASE("Each dtype's peak begins at its own ridge point on the ceiling of memory") {
  // A GPU's: reading is faster than the copy that rows are judged by.
  const tools::MachineLimits machine = limits_of(1.5 * memory, memory, memory, peak, 16 * peak);
  const Picture picture = draw({at_ridge}, machine);
  REQUIRE(picture.roofs.size() == 4);
  const Line memory_roof = picture.roofs[0], f32 = picture.roofs[2], bf16 = picture.roofs[3];
  check_near(f32.from, picture.marks.at(0));
  check_near(bf16.from, memory_roof.to);
  CHECK(picture.words.count("stream copy 10.0 GB/s, the ceiling") == 1);
  CHECK(picture.words.count("stream read 15.0 GB/s") == 1);
  CHECK(picture.words.count("FMA f32 100 GFLOP/s") == 1);
}

TEST_CASE("A peak's name covers no mark") {
  const tools::MachineLimits machine = limits_of(memory, memory, memory, peak, 16 * peak);
  MeasuredRow above_f32 = row_of("matmul/forward/bf16/high", 0.001, 1000, 1000 / 120.0);
  above_f32.arithmetic = DType::bf16;
  const std::string svg = roofline_svg({{above_f32}, machine, cache_bytes, "a machine"});
  const Point mark = picture_of(svg).marks.at(0);
  const auto name = matches(svg, "<text class='limit end' x='(.*?)' y='(.*?)' >FMA f32").at(0);
  const double right = number(name, 1), foot = number(name, 2);
  CHECK((mark.y < foot + 10 && mark.y > foot - 20));  // it is at the name's height
  CHECK((mark.x > right || mark.x < right - 200));
}

TEST_CASE("The table's figures") {
  const Picture one = draw({half_of_memory});
  CHECK(one.words.count("Roofline of attune bench: 1 row") == 1);
  for (const char* words : {"norm/forward/f32/half", "f32", "5.00", "1.2", "50.0"})
    CHECK(one.words.count(words) == 1);
  CHECK(one.words.count("rows") == 0);
  CHECK(draw({in_cache}).words.count("in cache") == 1);
  // What exceeds a roof but no cache holds is no row in cache.
  CHECK(draw({row_of("norm/forward/f32/fast", 1, 1, 0.08)}).words.count("125.0") == 1);
  MeasuredRow widened = half_of_memory;
  widened.arithmetic = DType::bf16;
  CHECK(draw({widened}).words.count("bf16") == 1);
}

TEST_CASE("Many rows share the lines of their op, direction and dtype") {
  std::vector<MeasuredRow> rows;
  for (int i = 0; i < 60; ++i) {
    rows.push_back(half_of_memory);
    rows.back().name += std::to_string(i);
    if (i % 2) rows.back().seconds *= 2;
  }
  Picture picture = draw(rows);
  CHECK(picture.marks.size() == 60);
  for (const char* words : {"norm/forward/f32", "60", "2.50 – 5.00", "25.0 – 50.0"})
    CHECK(picture.words.count(words) == 1);
  rows.push_back({"norm/forward/f32/small", {320000, 32000}, DType::f32, 1e-6, 0.5});
  picture = draw(rows);
  for (const char* words : {"25.0 – 50.0, in cache", "2.50 – 320"}) CHECK(picture.words.count(words) == 1);
}

TEST_CASE("A matrix machine's rates are in TFLOP/s") {
  const tools::MachineLimits machine = limits_of(3000 * giga, 2900 * giga, 2900 * giga, 6e13, 6.6e14);
  const Picture picture = draw({row_of("matmul/forward/bf16/large", 0.0001, 1234, 0.01)}, machine);
  for (const char* words : {"FMA f32 60.0 TFLOP/s", "FMA bf16 660 TFLOP/s", "TFLOP/s", "123"})
    CHECK(picture.words.count(words) >= 1);
  CHECK(picture.words.count("0.0100") == 1);  // GB/s of the row
}

TEST_CASE("Numbers are decimals of three digits") {
  CHECK(figure(0.004) == "0.00400");
  CHECK(figure(0.99961) == "1.00");
  CHECK(figure(9.996) == "10.0");
  CHECK(figure(99.96) == "100");
  CHECK(figure(1234567) == "1234567");
  CHECK(figure(0) == "0");
  CHECK(percents(0.0625) == "6.2");
  CHECK(range({}).empty());
  CHECK(range({2, 1, 3}) == "1.00 – 3.00");
  CHECK(range({0.5, 0.5001}) == "0.500");
  std::vector<std::string> labels;
  for (const Tick& tick : Axis{0.001, 0.9}.ticks()) labels.push_back(tick_label(tick.value));
  CHECK(labels ==
        std::vector<std::string>{"0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5"});
  CHECK(tick_label(2e6) == "2000000");
}

TEST_CASE("Every op has a colour of its own") {
  std::set<std::string> colors = {op_color("none")};
  std::size_t ops = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ATTUNE_SOURCE_DIR "/kernels")) {
    if (!entry.is_directory()) continue;
    ++ops;
    INFO(entry.path().filename());
    CHECK(colors.insert(op_color(entry.path().filename())).second);
  }
  CHECK(ops >= 14);
}

TEST_CASE("Of a row that runs again the last run counts") {
  MeasuredRows rows;
  rows.keep(at_ridge);
  rows.keep(half_of_memory);
  MeasuredRow again = at_ridge;
  again.seconds = 7;
  rows.keep(again);
  REQUIRE(rows.all().size() == 2);
  CHECK(rows.all()[0].seconds == 7);
  rows.drop(half_of_memory.name);
  rows.drop("unknown");
  REQUIRE(rows.all().size() == 1);
  CHECK(rows.all()[0].name == at_ridge.name);
}
