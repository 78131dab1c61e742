#include "tools/eval/evaluate.h"

#include <limits>

#include "tools/data/picture_cache.h"

namespace attune::tools {

std::vector<PictureResult> evaluate(const std::vector<DataItem>& items, Protocol protocol,
                                    const std::vector<NamedMethod>& methods,
                                    const std::function<void(std::size_t done)>& progress) {
  std::vector<PictureResult> results;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Picture native = read_picture(items[i], std::numeric_limits<std::int64_t>::max());
    const ProtocolPictures pictures = prepare(protocol, native.composite, native.real, native.mask);
    const Scores before = score(protocol, pictures, to_float(pictures.composite));
    const auto add = [&](const std::string& method, const Scores& scores) {
      results.push_back({items[i].name, items[i].set, method, pictures.foreground_ratio, scores,
                         scores.psnr - before.psnr});
    };
    add("composite", before);
    for (const NamedMethod& method : methods)
      add(method.name, score(protocol, pictures, method.run(pictures.composite, pictures.mask)));
    if (progress) progress(i + 1);
  }
  return results;
}

}  // namespace attune::tools
