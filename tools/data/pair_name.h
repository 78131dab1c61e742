// iHarmony4's naming rule: a composite's name says which mask and which photograph it belongs to.
#pragma once

#include <optional>
#include <string>

namespace attune::tools {

// The three file names, without a folder.
struct PairNames {
  std::string composite, mask, real;
};

// a_1_2.jpg -> mask a_1.png, real a.jpg: cut at the last two underscores, so that the photograph's own name
// may hold more of them. Nothing where the name doesn't follow the rule (no extension, fewer than two
// underscores, an empty part). `composite` is a file name without a folder.
std::optional<PairNames> pair_names(const std::string& composite);

// The data set that a composite counts to in a table: iHarmony4's four by one letter that a digit follows
// directly (c HCOCO, a HAdobe5k, f HFlickr, d Hday2night), otherwise the name of the folder it came from.
std::string data_set_name(const std::string& composite, const std::string& folder);

}  // namespace attune::tools
