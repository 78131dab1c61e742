// Scores of a list of composites under a protocol: the unprocessed composite and, where there is one, a method.
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

// `method` may be empty: then only the composite's rows come; else its rows are called `name`. `progress` is called after each
// picture and may throw to stop. Throws ErrorKind::input naming the file where a picture cannot be used.
std::vector<PictureResult> evaluate(const std::vector<DataItem>& items, Protocol protocol,
                                    const std::string& name, const Method& method,
                                    const std::function<void(std::size_t done)>& progress = {});

}  // namespace attune::tools
