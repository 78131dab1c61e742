// What harmonized pictures before networks did: the foreground is given the background's colour statistics, and nothing is
// learned. The baselines of `attune eval`.
//
//   reinhard    mean and standard deviation of each channel of Lab (Reinhard et al. 2001), as far as they go
//   histogram   each channel's histogram in RGB: a level goes to where as large a share of the background lies below
//
// Foreground is mask > 127, background the rest; the mask blends the result. Without one of the two nothing changes.
#pragma once

#include <string>
#include <vector>

#include "tools/eval/evaluate.h"

namespace attune::tools {

const std::vector<std::string>& classical_methods();

// Throws ErrorKind::argument on a name that is none of these.
Method classical_method(const std::string& name);

}  // namespace attune::tools
