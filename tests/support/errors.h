// Asking a call for its error.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "core/error.h"

namespace attune::test {

// The error of `call`; fails the test where there is none, or another exception.
template <class Call>
Error error_of(const Call& call) {
  std::optional<Error> caught;
  try {
    call();
  } catch (const Error& error) {
    caught = error;
  }
  REQUIRE(caught.has_value());
  return *caught;
}

template <class Call>
ErrorKind kind_of(const Call& call) {
  return error_of(call).kind();
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

}  // namespace attune::test
