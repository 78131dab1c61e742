#include "tools/data/pair_name.h"

namespace attune::tools {

std::optional<PairNames> pair_names(const std::string& composite) {
  const std::size_t dot = composite.rfind('.');
  if (dot == std::string::npos || dot + 1 == composite.size()) return std::nullopt;
  const std::string stem = composite.substr(0, dot), extension = composite.substr(dot);
  const std::size_t version = stem.rfind('_');
  if (version == std::string::npos || version == 0 || version + 1 == stem.size()) return std::nullopt;
  const std::size_t mask = stem.rfind('_', version - 1);
  if (mask == std::string::npos || mask == 0 || mask + 1 == version) return std::nullopt;
  return PairNames{composite, stem.substr(0, version) + ".png", stem.substr(0, mask) + extension};
}

std::string data_set_name(const std::string& composite, const std::string& folder) {
  if (composite.size() >= 2 && composite[1] >= '0' && composite[1] <= '9') {
    switch (composite[0]) {
      case 'c':
        return "HCOCO";
      case 'a':
        return "HAdobe5k";
      case 'f':
        return "HFlickr";
      case 'd':
        return "Hday2night";
      default:
        break;
    }
  }
  return folder;
}

}  // namespace attune::tools
