#include "tools/eval/evaluate.h"

#include <limits>

#include "tools/data/picture_cache.h"

namespace attune::tools {

std::vector<PictureResult> evaluate(const std::vector<DataItem>& items, Protocol protocol,
                                    const std::string& name, const Method& method,
                                    const std::function<void(std::size_t done)>& progress) {
  std::vector<PictureResult> results;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Picture native = read_picture(items[i], std::numeric_limits<std::int64_t>::max());
    const ProtocolPictures pictures = prepare(protocol, native.composite, native.real, native.mask);
    const auto add = [&](const std::string& by, const FloatImage& output) {
      results.push_back(
          {items[i].name, items[i].set, by, pictures.foreground_ratio, score(protocol, pictures, output)});
    };
    add("composite", to_float(pictures.composite));
    if (method) add(name, method(pictures.composite, pictures.mask));
    if (progress) progress(i + 1);
  }
  return results;
}

}  // namespace attune::tools
