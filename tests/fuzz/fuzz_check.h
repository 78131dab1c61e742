// What fuzz targets share: a property that stops the fuzzer where it does not hold.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "core/error.h"

namespace attune::fuzz {

inline void check(bool holds) {
  if (!holds) std::abort();  // libFuzzer reports it with the input
}

// Calls `read`; false where it threw one of the errors that strangers' bytes may cause. Any other exception ends the
// run.
template <class Read>
bool accepts(const Read& read, ErrorKind expected = ErrorKind::input) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    check(error.kind() == expected);
    return false;
  }
}

}  // namespace attune::fuzz
