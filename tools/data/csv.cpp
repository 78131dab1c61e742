#include "tools/data/csv.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/error.h"

namespace attune::tools {

namespace {

// Takes one record off `text` at `position`, which moves behind the record's line end.
std::vector<std::string> take_record(const std::string& text, std::size_t& position) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  while (position < text.size()) {
    const char character = text[position++];
    if (quoted) {
      if (character != '"') {
        fields.back() += character;
      } else if (position < text.size() && text[position] == '"') {
        fields.back() += text[position++];
      } else {
        quoted = false;
      }
    } else if (character == '"') {
      quoted = true;
    } else if (character == ',') {
      fields.emplace_back();
    } else if (character == '\n') {
      break;
    } else if (character != '\r') {
      fields.back() += character;
    }
  }
  return fields;
}

bool is_blank(const std::vector<std::string>& record) { return record.size() == 1 && record.front().empty(); }

}  // namespace

std::optional<std::size_t> CsvTable::find(const std::string& column) const {
  const auto place = std::find(heading.begin(), heading.end(), column);
  if (place == heading.end()) return std::nullopt;
  return static_cast<std::size_t>(place - heading.begin());
}

std::size_t CsvTable::at(const std::string& column) const {
  const std::optional<std::size_t> index = find(column);
  require(index.has_value(), ErrorKind::input, path.string(), ": has no column '", column, "'");
  return *index;
}

CsvTable read_csv(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), ErrorKind::input, path.string(), ": cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CsvTable table;
  table.path = path;
  std::size_t position = 0;
  table.heading = take_record(text, position);
  require(!is_blank(table.heading), ErrorKind::input, path.string(), ": has no heading line");
  while (position < text.size()) {
    std::vector<std::string> record = take_record(text, position);
    if (is_blank(record)) continue;
    require(record.size() == table.heading.size(), ErrorKind::input, path.string(), ": record ",
            table.rows.size() + 1, " has ", record.size(), " fields, expected ", table.heading.size());
    table.rows.push_back(std::move(record));
  }
  return table;
}

}  // namespace attune::tools
