// Errors: one exception type with a kind. The kind decides the tool's exit code and the C API's status.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace attune {

enum class ErrorKind {
  argument,       // a caller passed shapes, dtypes or pointers that the contract forbids
  configuration,  // the command line or a JSON file is wrong
  input,          // a picture, mask, list or model cannot be used
  output,         // a result cannot be written
  unsupported,    // valid, but not available in this build or on this device
  out_of_memory,
  device,     // a CUDA, cuDNN, cuBLAS or oneDNN call failed
  cancelled,  // the caller or a signal asked to stop
  internal    // a broken invariant: a defect of attune
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

// Joins its arguments with operator<<: text("x: expected ", 3, " channels").
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, text(parts...));
}

// Throws where `ok` is false; the message is put together only then.
template <class... Parts>
void require(bool ok, ErrorKind kind, const Parts&... parts) {
  if (!ok) fail(kind, parts...);
}

}  // namespace attune
