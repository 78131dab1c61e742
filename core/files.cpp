#include "core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace attune {

namespace {

std::string system_reason(int error) { return std::generic_category().message(error); }

// Calls `operation` again for as long as a signal interrupts it.
template <class Operation>
auto uninterrupted(const Operation& operation) {
  decltype(operation()) result;
  do {
    result = operation();
  } while (result < 0 && errno == EINTR);
  return result;
}

int open_file(const std::filesystem::path& path, int flags) {
  return uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
}

[[noreturn]] void fail_to_write(const std::filesystem::path& path, int error) {
  fail(ErrorKind::output, path.string(), ": cannot be written: ", system_reason(error));
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path, ErrorKind kind)
    : name_(path.string()), kind_(kind), descriptor_(open_file(path, O_RDONLY)) {
  require(descriptor_ >= 0, kind, name_, ": cannot be opened: ", system_reason(errno));
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || S_ISDIR(status.st_mode)) {
    ::close(descriptor_);
    fail(kind, name_, ": cannot be read: ", system_reason(S_ISDIR(status.st_mode) ? EISDIR : EIO));
  }
  if (S_ISREG(status.st_mode)) size_ = status.st_size;
}

InputFile::~InputFile() { ::close(descriptor_); }

std::size_t InputFile::read(void* target, std::size_t size) {
  std::size_t total = 0;
  while (total < size) {
    const ssize_t count =
        uninterrupted([&] { return ::read(descriptor_, static_cast<char*>(target) + total, size - total); });
    require(count >= 0, kind_, name_, ": cannot be read: ", system_reason(errno));
    if (count == 0) break;
    total += static_cast<std::size_t>(count);
  }
  return total;
}

namespace {

// Reads into a vector or string. The size that the system reports is a hint only: a pipe has none, and a file may grow.
template <class Container>
Container read_whole(const std::filesystem::path& path, ErrorKind kind, std::int64_t limit) {
  InputFile file(path, kind);
  const auto check = [&](std::int64_t size) {
    require(size <= limit, kind, path.string(), ": is larger than the ", limit,
            " bytes that are read at most");
  };
  check(file.size());
  // One byte more than the file should have, so that its end is seen without growing.
  std::size_t capacity = file.size() >= 0 ? static_cast<std::size_t>(file.size()) + 1 : 1 << 16;
  Container bytes;
  for (std::size_t used = 0;; capacity *= 2) {
    bytes.resize(capacity);
    used += file.read(bytes.data() + used, capacity - used);
    check(static_cast<std::int64_t>(used));
    if (used == capacity) continue;
    bytes.resize(used);
    return bytes;
  }
}

}  // namespace

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, ErrorKind kind, std::int64_t limit) {
  return read_whole<std::vector<std::uint8_t>>(path, kind, limit);
}

std::string read_text_file(const std::filesystem::path& path, ErrorKind kind, std::int64_t limit) {
  return read_whole<std::string>(path, kind, limit);
}

OutputFile::OutputFile(const std::filesystem::path& target) : target_(target) {
  std::error_code error;
  const auto status = std::filesystem::status(target, error);
  if (std::filesystem::is_directory(status)) fail_to_write(target, EISDIR);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    descriptor_ = open_file(target, O_WRONLY);
    if (descriptor_ < 0) fail_to_write(target, errno);
    return;
  }
  if (std::filesystem::exists(status)) {  // status() reports a file that isn't there yet as an error too
    target_ = std::filesystem::canonical(target, error);
    if (error) fail_to_write(target, error.value());
  }
  // The first free name: other threads and left-overs of other processes hold theirs.
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    temporary_ = target_.parent_path() / text(".attune-", ::getpid(), "-", attempt, ".tmp");
    descriptor_ = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL);
    if (descriptor_ < 0 && errno != EEXIST) fail_to_write(target, errno);
  }
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(const void* data, std::size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = uninterrupted([&] { return ::write(descriptor_, next, size); });
    if (count < 0) fail_to_write(target_, errno);
    next += count;
    size -= static_cast<std::size_t>(count);
  }
}

void OutputFile::close_descriptor() {
  const int descriptor = descriptor_;
  descriptor_ = -1;  // Linux releases the descriptor even where close reports an error
  if (::close(descriptor) == 0) return;
  const int error = errno;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  fail_to_write(target_, error);
}

void OutputFile::commit() {
  // Without the flush a power failure could leave the new name with an empty file.
  if (!temporary_.empty() && ::fsync(descriptor_) != 0) fail_to_write(target_, errno);
  close_descriptor();
  if (temporary_.empty() || ::rename(temporary_.c_str(), target_.c_str()) == 0) return;
  const int error = errno;
  ::unlink(temporary_.c_str());
  fail_to_write(target_, error);
}

void write_file_atomically(const std::filesystem::path& path, const void* data, std::size_t size) {
  OutputFile file(path);
  file.write(data, size);
  file.commit();
}

void ensure_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && !std::filesystem::is_directory(path))
    error = std::make_error_code(std::errc::not_a_directory);
  require(!error, ErrorKind::output, path.string(), ": the folder cannot be made: ", error.message());
}

}  // namespace attune
