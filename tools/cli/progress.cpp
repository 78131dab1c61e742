#include "tools/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attune::tools {

namespace {

// 75 -> "1:15", 3700 -> "1:01:40".
std::string clock_text(double seconds) {
  const auto total = std::lround(std::max(0.0, seconds));
  std::array<char, 32> buffer{};
  if (total >= 3600)
    std::snprintf(buffer.data(), buffer.size(), "%ld:%02ld:%02ld", total / 3600, total / 60 % 60, total % 60);
  else
    std::snprintf(buffer.data(), buffer.size(), "%ld:%02ld", total / 60, total % 60);
  return buffer.data();
}

std::string rate_text(double rate) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), rate < 10 ? "%.2f" : "%.0f", rate);
  return buffer.data();
}

}  // namespace

Progress::Progress(const std::string& title, const std::string& unit, std::int64_t total, std::int64_t first)
    : title_(title),
      unit_(unit),
      total_(total),
      first_(first),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (drawn_) std::fputc('\n', stderr);
}

std::string Progress::status(std::int64_t done, const std::string& note) const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = elapsed > 0 ? static_cast<double>(done - first_) / elapsed : 0;
  std::string text = title_ + " " + std::to_string(done) + "/" + std::to_string(total_);
  if (rate > 0)
    text += "  " + rate_text(rate) + " " + unit_ + "/s  " +
            clock_text(static_cast<double>(total_ - done) / rate) + " left";
  return note.empty() ? text : text + "  " + note;
}

void Progress::update(std::int64_t done, const std::string& note) {
  const auto now = Clock::now();
  const double interval = terminal_ ? 0.1 : 15;  // seconds: a log should not fill with it
  if (done < total_ && std::chrono::duration<double>(now - last_).count() < interval) return;
  last_ = now;
  if (!terminal_) {
    std::fprintf(stderr, "%s\n", status(done, note).c_str());
    return;
  }
  constexpr int width = 24;
  const auto filled = static_cast<int>(total_ > 0 ? width * done / total_ : width);
  std::string bar(static_cast<std::size_t>(width), ' ');
  std::fill_n(bar.begin(), filled, '=');
  std::fprintf(stderr, "\r\033[K[%s] %s", bar.c_str(), status(done, note).c_str());
  drawn_ = true;
}

void Progress::message(const std::string& line) {
  std::fprintf(stderr, "%s%s\n", drawn_ ? "\r\033[K" : "", line.c_str());
  drawn_ = false;
}

}  // namespace attune::tools
