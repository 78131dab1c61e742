#include "benchmarks/roofline/entries.h"

#include <algorithm>
#include <sstream>

#include "core/error.h"

namespace attune::bench {

namespace {

constexpr std::size_t most_rows_listed = 48;

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

}  // namespace

std::vector<Entry> entries_of(const std::vector<MeasuredRow>& rows) {
  std::vector<Entry> entries;
  for (const MeasuredRow& row : rows) {
    const std::vector<std::string> parts = parts_of(row.name);
    const std::string name = rows.size() <= most_rows_listed ? row.name : without_shape(parts);
    auto entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
    if (entry == entries.end())
      entry = entries.insert(entry, {name, {op_color(parts[0]), parts[1], parts[2]}, {}});
    entry->rows.push_back(&row);
  }
  return entries;
}

}  // namespace attune::bench
