#include "tools/data/dataset.h"

#include <algorithm>
#include <fstream>
#include <unordered_map>

#include "core/error.h"
#include "core/image.h"
#include "tools/data/csv.h"
#include "tools/data/pair_name.h"

namespace attune::tools {

namespace {

namespace fs = std::filesystem;

struct ListLine {
  std::string text;
  std::string place;  // FILE:LINE, for messages
};

std::string trimmed(const std::string& line) {
  const char* const blanks = " \t\r\n";
  const std::size_t first = line.find_first_not_of(blanks);
  if (first == std::string::npos) return {};
  return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

std::vector<ListLine> read_list(const fs::path& folder, const std::string& list) {
  fs::path path = folder / list;  // an absolute list stays as it is
  if (!fs::is_regular_file(path)) path = list;
  std::ifstream file(path);
  require(fs::is_regular_file(path) && file.good(), ErrorKind::input, "list ", list,
          ": cannot be read, neither in ", folder.string(), " nor as it is");
  std::vector<ListLine> lines;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    line = trimmed(line);
    if (!line.empty()) lines.push_back({line, text(path.string(), ":", number)});
  }
  return lines;
}

void require_file(const fs::path& path, const std::string& place, const char* what) {
  require(fs::is_regular_file(path), ErrorKind::input, place, ": ", what, " ", path.string(),
          " does not exist");
}

std::string folder_name(const fs::path& folder) {
  const fs::path normal = fs::absolute(folder).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

DataItem iharmony_item(const fs::path& folder, const ListLine& line) {
  const fs::path entry(line.text);
  const std::string name = entry.filename().string();
  fs::path base = folder;
  if (entry.has_parent_path()) {
    require(entry.parent_path().filename() == "composite_images", ErrorKind::input, line.place, ": '",
            line.text, "' lies in ", entry.parent_path().string(), ", expected composite_images");
    base = folder / entry.parent_path().parent_path();
  }
  const std::optional<PairNames> names = pair_names(name);
  require(names.has_value(), ErrorKind::input, line.place, ": '", line.text,
          "' is no composite's name, expected NAME_MASK_VERSION.jpg");
  DataItem item;
  item.name = name;
  item.set = data_set_name(name, folder_name(base));
  item.composite = base / "composite_images" / names->composite;
  item.mask = base / "masks" / names->mask;
  item.real = base / "real_images" / names->real;
  item.group = item.real.stem().string();
  require_file(item.composite, line.place, "composite");
  require_file(item.mask, line.place, "mask");
  require_file(item.real, line.place, "real photograph");
  return item;
}

// The photographs' file names: the list's, or all in the folder by name.
std::vector<ListLine> photograph_names(const SourceConfig& config, const fs::path& images) {
  if (!config.list.empty()) return read_list(config.path, config.list);
  std::vector<ListLine> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(images)) {
    if (entry.is_regular_file() && is_picture_name(entry.path())) {
      names.push_back({entry.path().filename().string(), images.string()});
    }
  }
  std::sort(names.begin(), names.end(), [](const ListLine& a, const ListLine& b) { return a.text < b.text; });
  return names;
}

std::vector<DataItem> photo_items(const SourceConfig& config) {
  require(fs::is_directory(config.path), ErrorKind::input, config.path.string(), ": is no folder");
  const bool has_images = fs::is_directory(config.path / "images");
  const fs::path images = has_images ? config.path / "images" : config.path;
  std::vector<DataItem> items;
  for (const ListLine& line : photograph_names(config, images)) {
    DataItem item;
    item.name = fs::path(line.text).filename().string();
    item.set = folder_name(config.path);
    item.real = images / item.name;
    item.group = item.real.stem().string();
    require_file(item.real, line.place, "photograph");
    const fs::path mask = config.path / "masks" / (item.group + ".png");
    if (fs::is_regular_file(mask)) item.mask = mask;
    items.push_back(std::move(item));
  }
  return items;
}

bool starts_with_any(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return name.compare(0, prefix.size(), prefix) == 0; });
}

void filter_by_prefix(const SourceConfig& config, std::vector<DataItem>& items) {
  const auto is_left_out = [&](const DataItem& item) {
    return (!config.include_prefixes.empty() && !starts_with_any(item.name, config.include_prefixes)) ||
           starts_with_any(item.name, config.exclude_prefixes);
  };
  items.erase(std::remove_if(items.begin(), items.end(), is_left_out), items.end());
}

// Licences and groups come from the table; items of another licence or of the cut's other side are dropped.
void filter_by_table(const SourceConfig& config, std::vector<DataItem>& items) {
  const bool iharmony = config.kind == SourceKind::iharmony;
  const CsvTable table = read_csv(config.path / (iharmony ? "pairs.csv" : "photos.csv"));
  const std::size_t key_column = table.at(iharmony ? "composite" : "name");
  const std::size_t licence_column = config.licences.empty() ? 0 : table.at("licence");
  const std::optional<std::size_t> group_column = table.find("group");
  std::unordered_map<std::string, const std::vector<std::string>*> rows;
  for (const std::vector<std::string>& row : table.rows) rows.emplace(row[key_column], &row);
  std::vector<DataItem> kept;
  for (DataItem& item : items) {
    const auto found = rows.find(iharmony ? item.name : item.real.stem().string());
    require(found != rows.end(), ErrorKind::input, table.path.string(), ": has no row for ", item.name);
    const std::vector<std::string>& row = *found->second;
    if (group_column && !row[*group_column].empty()) item.group = row[*group_column];
    const bool licensed = config.licences.empty() || std::find(config.licences.begin(), config.licences.end(),
                                                               row[licence_column]) != config.licences.end();
    const bool on_side =
        config.part == SourcePart::all ||
        in_validation_part(item.group, config.validation_fraction) == (config.part == SourcePart::validation);
    if (licensed && on_side) kept.push_back(std::move(item));
  }
  items = std::move(kept);
}

}  // namespace

bool in_validation_part(const std::string& group, double fraction) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char character : group) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3u;
  hash ^=
      hash >> 32;  // its high bits mix poorly on short names: fold, multiply by an odd constant, take the top
  hash *= 0x9E3779B97F4A7C15u;
  return static_cast<double>(hash >> 11) * 0x1p-53 < fraction;
}

std::vector<DataItem> load_items(const SourceConfig& config) {
  std::vector<DataItem> items;
  if (config.kind == SourceKind::photos) {
    items = photo_items(config);
  } else {
    require(!config.list.empty(), ErrorKind::configuration, config.path.string(),
            ": an iharmony source needs a list file");
    for (const ListLine& line : read_list(config.path, config.list)) {
      items.push_back(iharmony_item(config.path, line));
    }
  }
  const std::size_t listed = items.size();
  filter_by_prefix(config, items);
  if (!config.licences.empty() || config.part != SourcePart::all) filter_by_table(config, items);
  require(!items.empty(), ErrorKind::input, config.path.string(), ": no pictures left of ", listed,
          " listed; check the list, the prefixes, the licences and the validation part");
  return items;
}

}  // namespace attune::tools
