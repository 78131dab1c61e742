// A CSV file with a heading line (RFC 4180: quoted fields may hold commas, quotes and line ends).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attune::tools {

struct CsvTable {
  std::filesystem::path path;
  std::vector<std::string> heading;
  std::vector<std::vector<std::string>> rows;  // each as long as the heading

  // The index of a column by its name.
  std::optional<std::size_t> find(const std::string& column) const;
  // The same, but a column that is not there is ErrorKind::input, naming the file.
  std::size_t at(const std::string& column) const;
};

// Throws ErrorKind::input where the file can't be read, has no heading, or a row's field count differs from
// it.
CsvTable read_csv(const std::filesystem::path& path);

}  // namespace attune::tools
