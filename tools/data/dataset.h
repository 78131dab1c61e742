// Data sets on disk: which pictures a configured source consists of. Nothing is decoded here.
//
// iharmony  composite_images/a_1_2.jpg + masks/a_1.png + real_images/a.jpg, chosen by a list file with one
// composite a
//           line, with or without its folder; blank lines and CRLF are tolerated. The list is looked up in
//           the data folder first. With a subset's folder in front (HCOCO/composite_images/c1_1_1.jpg) all
//           three lie in it.
// photos    photographs, with masks or without: FOLDER/images/NAME.jpg and FOLDER/masks/NAME.png, or the
// photographs in
//           FOLDER itself. A photograph without a mask gets a random region later, and all composites are
//           made on the fly. A list (optional) names the photographs to take.
//
// Filters need the data folder's table: pairs.csv (column composite) for iharmony, photos.csv (column name, a
// stem) for photos, each with `licence` and `group`.
//
// Errors: ErrorKind::input, naming the list, its line and the path, for a list or picture that isn't there, a
// name that doesn't follow the rule, a picture that the table lacks, and a source that ends up empty.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace attune::tools {

enum class SourceKind { iharmony, photos };

// Which side of the validation cut a source takes. Groups (series of one place, one camera's shots) are never
// cut apart: `all` takes both sides.
enum class SourcePart { all, training, validation };

struct SourceConfig {
  SourceKind kind = SourceKind::iharmony;
  std::filesystem::path path;
  std::string list;  // iharmony: required. photos: empty takes every photograph of the folder
  double weight =
      1;  // the share of training samples from this source, relative to the other sources' weights
  std::vector<std::string> include_prefixes;  // of the file name; empty includes all
  std::vector<std::string> exclude_prefixes;
  std::vector<std::string> licences;  // exact texts of the table's licence column; empty takes all
  SourcePart part = SourcePart::all;
  double validation_fraction = 0.1;  // of the groups
};

struct DataItem {
  std::string name;                 // the composite's file name; for photos the photograph's
  std::string set;                  // data_set_name(): what it counts to in a table
  std::filesystem::path composite;  // empty for photos
  std::filesystem::path mask;       // empty: none
  std::filesystem::path real;
  std::string group;  // from the table; the photograph's stem where it has none
};

// The items in the order of the list (photos without a list: by name).
std::vector<DataItem> load_items(const SourceConfig& config);

// Whether a group falls into the validation part: a pure function of its name, so that a larger or reordered
// data set moves nobody across the cut.
bool in_validation_part(const std::string& group, double fraction);

}  // namespace attune::tools
