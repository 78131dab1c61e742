// Scores of a list of composites under a protocol: the unprocessed composite and what methods make of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/data/dataset.h"
#include "tools/metrics/protocol.h"
#include "tools/metrics/summary.h"

namespace attune::tools {

// From a composite (RGB) and its mask (grey) to the harmonized picture on the 0..255 scale.
using Method = std::function<FloatImage(const Image& composite, const Image& mask)>;

struct NamedMethod {
  std::string name;
  Method run;
};

// Of each picture in turn the composite's result and then each method's. `progress` is called after each picture and may
// throw to stop. Throws ErrorKind::input naming the file where a picture cannot be used.
std::vector<PictureResult> evaluate(const std::vector<DataItem>& items, Protocol protocol,
                                    const std::vector<NamedMethod>& methods,
                                    const std::function<void(std::size_t done)>& progress = {});

}  // namespace attune::tools
