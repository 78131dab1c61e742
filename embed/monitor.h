// What a session tells its caller while it works, and asks: on the thread that made the call.
#pragma once

#include <algorithm>
#include <string>

#include "core/error.h"
#include "embed/attune/attune.h"

namespace attune {

class Monitor {
 public:
  explicit Monitor(const attune_session_options& options)
      : log_(options.log), progress_(options.progress), cancelled_(options.cancelled), user_(options.user) {}

  void log(attune_log_level level, const std::string& message) const {
    if (log_) log_(user_, level, message.c_str());
  }

  // A call begins, of which advance() adds up to `whole`.
  void start(double whole) { whole_ = whole, done_ = 0; }
  // Before some milliseconds of work. Throws ErrorKind::cancelled where the caller wants no more.
  void ask() const {
    if (cancelled_ && cancelled_(user_) != 0) fail(ErrorKind::cancelled, "cancelled");
  }
  // After it. What is not finished is told as less than 1.
  void advance(double amount) {
    done_ += amount;
    constexpr float nearly = 0.999f;
    if (progress_) progress_(user_, std::min(nearly, static_cast<float>(done_ / whole_)));
  }
  void finish() const {
    if (progress_) progress_(user_, 1.0f);
  }

 private:
  attune_log_function log_;
  attune_progress_function progress_;
  attune_cancel_function cancelled_;
  void* user_;
  double whole_ = 1, done_ = 0;
};

}  // namespace attune
