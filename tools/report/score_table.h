// What the model scores beside the composite and the classical methods, as tables.
#pragma once

#include <string>
#include <vector>

#include "tools/metrics/summary.h"

namespace attune::tools {

// `rows` are summarize()'s: the overall ones as a table, those of data sets (where there are several) and of foreground
// ratios as a second one to unfold. Nothing where there are none.
std::string score_tables(const std::vector<SummaryRow>& rows);

}  // namespace attune::tools
