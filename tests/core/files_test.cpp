#include "core/files.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "tests/support/errors.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;
using namespace attune::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("A file is read whole, piece by piece, and up to a limit") {
  const tools::TemporaryFolder folder;
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 300000u}) {
    std::string content(size, 'x');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7 / 3);
    folder.write("file", content);
    CHECK(read_text_file(folder.path() / "file") == content);
    CHECK(read_file(folder.path() / "file").size() == size);
    CHECK(read_text_file(folder.path() / "file", ErrorKind::input, static_cast<std::int64_t>(size)) ==
          content);
    if (size == 0) continue;
    const Error error = error_of([&] {
      read_file(folder.path() / "file", ErrorKind::configuration, static_cast<std::int64_t>(size) - 1);
    });
    CHECK(error.kind() == ErrorKind::configuration);
    CHECK(contains(error.what(), "larger than"));
  }
  folder.write("file", "0123456789");
  InputFile file(folder.path() / "file");
  CHECK(file.size() == 10);
  char buffer[8] = {};
  CHECK(file.read(buffer, 4) == 4);
  CHECK(std::string(buffer, 4) == "0123");
  CHECK(file.read(buffer, 8) == 6);
  CHECK(file.read(buffer, 8) == 0);
}

TEST_CASE("A pipe is read to its end, and written in place") {
  const tools::TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const std::string content(200000, 'p');
  std::thread writer([&] { write_file_atomically(pipe, content); });
  CHECK(read_text_file(pipe) == content);
  writer.join();
  CHECK(names_in(folder.path()) == std::vector<std::string>{"pipe"});
}

TEST_CASE("What cannot be read names the file and the reason") {
  const tools::TemporaryFolder folder;
  const Error missing = error_of([&] { read_file(folder.path() / "missing"); });
  CHECK(missing.kind() == ErrorKind::input);
  CHECK(contains(missing.what(), (folder.path() / "missing").string() + ": cannot be opened: No such file"));
  const Error directory = error_of([&] { read_text_file(folder.path(), ErrorKind::configuration); });
  CHECK(directory.kind() == ErrorKind::configuration);
  CHECK(contains(directory.what(), "Is a directory"));
}

TEST_CASE("A file is replaced at once or not at all") {
  const tools::TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  write_file_atomically(path, "first");
  CHECK(read_text_file(path) == "first");
  {
    OutputFile file(path);
    file.write("seco", 4);
    CHECK(read_text_file(path) == "first");
    CHECK(names_in(folder.path()).size() == 2);
  }
  CHECK(read_text_file(path) == "first");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
  OutputFile one(path), two(path);  // two writers at once do not mix
  one.write("one", 3);
  two.write("two", 3);
  one.commit();
  CHECK(read_text_file(path) == "one");
  two.commit();
  CHECK(read_text_file(path) == "two");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("A symbolic link stays one") {
  const tools::TemporaryFolder folder;
  fs::create_directory(folder.path() / "real");
  folder.write("real/file", "old");
  fs::create_symlink(folder.path() / "real" / "file", folder.path() / "link");
  write_file_atomically(folder.path() / "link", "new");
  CHECK(fs::is_symlink(folder.path() / "link"));
  CHECK(read_text_file(folder.path() / "real" / "file") == "new");
}

TEST_CASE("What cannot be written is ErrorKind::output and leaves nothing behind") {
  const tools::TemporaryFolder folder;
  for (const fs::path& path : {folder.path(), folder.path() / "missing" / "file"}) {
    INFO(path.string());
    const Error error = error_of([&] { write_file_atomically(path, "text"); });
    CHECK(error.kind() == ErrorKind::output);
    CHECK(contains(error.what(), path.string() + ": cannot be written: "));
  }
  if (geteuid() != 0) {  // root may write anywhere
    fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
    CHECK(kind_of([&] { write_file_atomically(folder.path() / "file", "text"); }) == ErrorKind::output);
    fs::permissions(folder.path(), fs::perms::owner_all);
  }
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("A disk that fills up leaves the old file and no temporary one") {
  const tools::TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  write_file_atomically(path, "old");
  // A limit on the size of files stands for the full disk.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1 << 16;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string content(1 << 17, 'x');
  const Error error = error_of([&] { write_file_atomically(path, content); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(error.kind() == ErrorKind::output);
  CHECK(read_text_file(path) == "old");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("ensure_directory makes a folder and those above it") {
  const tools::TemporaryFolder folder;
  ensure_directory(folder.path() / "a" / "b" / "c");
  ensure_directory(folder.path() / "a" / "b" / "c");
  CHECK(fs::is_directory(folder.path() / "a" / "b" / "c"));
  folder.write("file", "");
  for (const char* name : {"file", "file/below"}) {
    const Error error = error_of([&] { ensure_directory(folder.path() / name); });
    CHECK(error.kind() == ErrorKind::output);
    CHECK(contains(error.what(), name));
  }
}
