// Files: read whole or piece by piece, and written so that nobody ever sees a half-written one.
//
// Errors: reading throws ErrorKind::input (or the kind that the caller names), writing ErrorKind::output; the message
// begins with the path and ends with the system's reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace attune {

// A file that is open for reading from its beginning to its end.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path, ErrorKind kind = ErrorKind::input);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // The file's size when it was opened; -1 where it is no regular file (a pipe has no size).
  std::int64_t size() const { return size_; }
  // Reads `size` bytes, or as many as are left, and returns how many these were.
  std::size_t read(void* target, std::size_t size);

 private:
  std::string name_;
  ErrorKind kind_;
  int descriptor_;
  std::int64_t size_ = -1;
};

// The whole file; one of more than `limit` bytes is refused before it is read.
inline constexpr std::int64_t default_file_limit = std::int64_t{1} << 31;
std::vector<std::uint8_t> read_file(const std::filesystem::path& path, ErrorKind kind = ErrorKind::input,
                                    std::int64_t limit = default_file_limit);
std::string read_text_file(const std::filesystem::path& path, ErrorKind kind = ErrorKind::input,
                           std::int64_t limit = default_file_limit);

// A file that takes its name only when it is whole: it grows under a temporary name in the target's folder, and
// commit() flushes it to the disk and renames it. Without commit() the destructor removes it.
// A symbolic link is followed; what is no regular file (/dev/stdout, a pipe) is written in place.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& target);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* data, std::size_t size);
  void commit();

 private:
  void close_descriptor();

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty where the target is written in place
  int descriptor_ = -1;
};

void write_file_atomically(const std::filesystem::path& path, const void* data, std::size_t size);
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, text.data(), text.size());
}
inline void write_file_atomically(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes) {
  write_file_atomically(path, bytes.data(), bytes.size());
}

// Makes the folder and those above it, where they are not there yet.
void ensure_directory(const std::filesystem::path& path);

}  // namespace attune
