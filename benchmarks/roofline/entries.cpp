#include "benchmarks/roofline/entries.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "core/error.h"
#include "core/text.h"

namespace attune::bench {

namespace {

// As many as there are ops.
constexpr std::array<const char*, 14> colors = {"#1f5fa8", "#d1495b", "#2e8b57", "#d97706", "#7b4fa3",
                                                "#0e8f9c", "#8c5a2b", "#d6519c", "#6b7a00", "#4a4a4a",
                                                "#5aa0e6", "#8f1d3f", "#1d5c45", "#b39200"};
constexpr std::size_t most_rows_listed = 48;

double rate(std::int64_t amount, const MeasuredRow& row) {
  return static_cast<double>(amount) * 1e-9 / row.seconds;
}

// Three at least.
std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream stream(name);
  for (std::string part; std::getline(stream, part, '/');) parts.push_back(part);
  parts.resize(std::max<std::size_t>(parts.size(), 3));
  return parts;
}

std::string without_shape(const std::vector<std::string>& parts) {
  return text(parts[0], '/', parts[1], '/', parts[2], parts.back() == "hot" ? "/hot" : "");
}

// An SVG element without its end, of a diameter of about 2 r.
std::string shape_of(const std::string& direction, Point center) {
  constexpr double r = 5.5;
  if (direction == "forward") return text("circle cx='", center.x, "' cy='", center.y, "' r='", r, '\'');
  if (direction == "backward")
    return text("rect x='", center.x - 0.9 * r, "' y='", center.y - 0.9 * r, "' width='", 1.8 * r,
                "' height='", 1.8 * r, '\'');
  return text("path d='M", center.x, ' ', center.y - 1.2 * r, 'l', 1.2 * r, ' ', 2.1 * r, 'h', -2.4 * r,
              "z'");
}

}  // namespace

double gigabytes(const MeasuredRow& row) { return rate(row.cost.bytes, row); }
double gigaflops(const MeasuredRow& row) { return rate(row.cost.flops, row); }
double percent(const MeasuredRow& row) { return 100 * row.ceiling; }
double intensity(const MeasuredRow& row) {
  return static_cast<double>(row.cost.flops) / static_cast<double>(row.cost.bytes);
}

std::string figure(double value) { return fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0); }

std::string Mark::at(Point center, const std::string& title) const {
  const std::string shape = shape_of(direction, center), element = shape.substr(0, shape.find(' '));
  return text('<', shape, " stroke='", color, "' stroke-width='2' fill='", dtype == "bf16" ? "#fff" : color,
              "'>", title.empty() ? "" : "<title>" + escaped(title) + "</title>", "</", element, ">\n");
}

std::string Entry::range(double (*value)(const MeasuredRow&)) const {
  const auto [least, most] = std::minmax_element(
      rows.begin(), rows.end(), [&](const auto* a, const auto* b) { return value(*a) < value(*b); });
  const std::string low = figure(value(**least)), high = figure(value(**most));
  return low == high ? low : low + " – " + high;
}

std::vector<Entry> entries_of(const std::vector<MeasuredRow>& rows) {
  std::vector<Entry> entries;
  std::vector<std::string> ops;
  for (const MeasuredRow& row : rows) {
    const std::vector<std::string> parts = parts_of(row.name);
    if (ops.empty() || ops.back() != parts[0]) ops.push_back(parts[0]);
    const Mark mark = {colors[(ops.size() - 1) % colors.size()], parts[1], parts[2]};
    const std::string name = rows.size() <= most_rows_listed ? row.name : without_shape(parts);
    auto entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
    if (entry == entries.end()) entry = entries.insert(entry, {name, mark, {}});
    entry->rows.push_back(&row);
  }
  return entries;
}

}  // namespace attune::bench
