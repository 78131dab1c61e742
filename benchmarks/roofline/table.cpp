#include "benchmarks/roofline/table.h"

#include <array>
#include <string>

#include "benchmarks/roofline/figures.h"
#include "core/error.h"

namespace attune::bench {

namespace {

using Cells = std::array<std::string, 6>;

// Where the cells end, from the table's left: ranges take more room, and the names before them less.
constexpr std::array<double, 6> ends_of_rows = {0, 600, 668, 752, 832, 950},
                                ends_of_groups = {356, 398, 528, 638, 746, 950};

std::string share_of_ceiling(const Roofline& roofline, const Entry& entry) {
  std::vector<double> shares;  // of the rows that went to memory
  for (const MeasuredRow* row : entry.rows)
    if (!roofline.is_in_cache(*row)) shares.push_back(roofline.share_of_ceiling(*row));
  if (shares.empty()) return "in cache";
  return percent_range(shares) + (shares.size() < entry.rows.size() ? ", in cache" : "");
}

// The dtype that is multiplied stands under the name of its limit.
Cells head_of(const FlopUnit& unit, bool grouped) {
  return {grouped ? "rows" : "", "FMA", "GB/s", unit.name, "noise %", "% of ceiling"};
}
Cells cells_of(const Roofline& roofline, const Entry& entry, const FlopUnit& unit, bool grouped) {
  const auto flops = [&](const MeasuredRow& row) { return gigaflops(row) / unit.gigaflops; };
  const auto noise = [](const MeasuredRow& row) { return row.noise; };
  return {grouped ? std::to_string(entry.rows.size()) : "",
          entry.has_flops() ? name_of(entry.rows[0]->arithmetic) : "",
          range(entry.values(gigabytes)),
          entry.has_flops() ? range(entry.values(flops)) : "",
          percent_range(entry.values(noise)),
          share_of_ceiling(roofline, entry)};
}

}  // namespace

void write_table(const Roofline& roofline, const std::vector<Entry>& entries, double left, double right,
                 double top, SvgWriter& svg) {
  constexpr double number_end = 32, mark_center = 46, name_start = 64;
  const FlopUnit unit = flop_unit(roofline.limits);
  const bool grouped = entries.size() < roofline.rows.size();
  const auto write_line = [&](const char* classes, double y, const std::string& name, const Cells& cells) {
    svg.text(classes, {left + name_start, y}, name);
    for (std::size_t i = 0; i < cells.size(); ++i)
      svg.text(text(classes, " end"), {left + (grouped ? ends_of_groups : ends_of_rows)[i], y}, cells[i]);
  };
  write_line("cell head", top, "row", head_of(unit, grouped));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const double y = top + table_line_height * static_cast<double>(i + 1);
    if (i % 2 == 0) svg.rectangle("band", {left, y - 19, right, y + 7});
    svg.text("cell end", {left + number_end, y}, std::to_string(i + 1));
    svg.raw(entry.mark.svg_at({left + mark_center, y - 6}));
    write_line("cell", y, entry.name, cells_of(roofline, entry, unit, grouped));
  }
}

}  // namespace attune::bench
