// Progress of long work on stderr: a bar with rate and remaining time on a terminal, a plain line now and then otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace attune::tools {

class Progress {
 public:
  // `unit` names what is counted ("step", "picture"); `first` is where a resumed run goes on.
  Progress(const std::string& title, const std::string& unit, std::int64_t total, std::int64_t first = 0);
  // Ends the bar's line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `note` is shown behind the count: "loss 0.0123".
  void update(std::int64_t done, const std::string& note);
  // A whole line that stays, above the bar.
  void message(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  std::string status(std::int64_t done, const std::string& note) const;

  std::string title_, unit_;
  std::int64_t total_, first_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_, last_;
};

}  // namespace attune::tools
