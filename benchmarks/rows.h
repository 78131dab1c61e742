// Running the rows that the benchmark files add, and what has become of them; bench_support.h is those files' side.
#pragma once

#include <optional>
#include <string>

#include "benchmarks/roofline/roofline.h"

namespace attune::bench {

// The machine's rows and those of every file.
void add_all_rows();
// The ops' rows that have run, under the machine's limits; nothing where there are none.
std::optional<Roofline> roofline(const std::string& caption);
// Frees what the row that ran last holds, while its device is there.
void forget_last_row();

}  // namespace attune::bench
