#include "core/safetensors.h"

#include <cstring>
#include <random>

#include "core/files.h"
#include "tests/support/errors.h"
#include "tests/support/picture_bytes.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;
using namespace attune::test;

namespace {

// A file with this header and this many bytes of data.
FileBytes make_file(const std::string& header, std::size_t data_bytes) {
  FileBytes bytes;
  append(bytes, header.size(), 8, true);
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (std::size_t i = 0; i < data_bytes; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

SafetensorsFile parse(const FileBytes& bytes) {
  return parse_safetensors(bytes.data(), bytes.size(), "model");
}

// The message for a file with this header; fails the test where the file is taken.
std::string refusal(const std::string& header, std::size_t data_bytes) {
  const Error error = error_of([&] { parse(make_file(header, data_bytes)); });
  CHECK(error.kind() == ErrorKind::input);
  CHECK(contains(error.what(), "model: "));
  CHECK_FALSE(contains(error.what(), "\n"));
  return error.what();
}

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets;
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"a\":{" + tensor(dtype, shape, offsets) + "}}";
}

FileBytes bytes_in(const Tensor& tensor) {
  const auto* begin = static_cast<const std::uint8_t*>(tensor.view().data);
  return {begin, begin + tensor.view().bytes()};
}

// One tensor of each dtype and rank, two of them empty.
std::map<std::string, Tensor> sample_tensors() {
  std::map<std::string, Tensor> tensors;
  tensors.emplace("encoder.0.weight", Tensor({3, 1, 2, 5}, DType::f32));
  tensors.emplace("bf16 \"quoted\"", Tensor({7}, DType::bf16));
  tensors.emplace("double", Tensor({2, 3}, DType::f64));
  tensors.emplace("index", Tensor({2, 1, 4}, DType::i32));
  tensors.emplace("bytes", Tensor({5}, DType::u8));
  tensors.emplace("scalar", Tensor(Shape{}, DType::f32));
  tensors.emplace("empty", Tensor({0, 3}, DType::f32));
  tensors.emplace("also empty", Tensor({4, 0}, DType::u8));
  std::mt19937 generator(1);
  for (auto& [name, tensor] : tensors)
    for (std::int64_t i = 0; i < tensor.view().bytes(); ++i)
      static_cast<std::uint8_t*>(tensor.view().data)[i] = static_cast<std::uint8_t>(generator());
  return tensors;
}

std::vector<NamedTensorView> views_of(const std::map<std::string, Tensor>& tensors) {
  std::vector<NamedTensorView> views;
  for (const auto& [name, tensor] : tensors) views.push_back({name, tensor.view()});
  return views;
}

}  // namespace

TEST_CASE("Tensors of every dtype come back bit for bit, with their metadata") {
  const tools::TemporaryFolder folder;
  const auto tensors = sample_tensors();
  const std::map<std::string, std::string> metadata = {{"format", "attune"}, {"note", "\xc3\xa4 \"x\"\n"}};
  write_safetensors(folder.path() / "m", views_of(tensors), metadata);
  const FileBytes bytes = read_file(folder.path() / "m");
  for (const SafetensorsFile& file : {read_safetensors(folder.path() / "m"), parse(bytes)}) {
    CHECK(file.metadata == metadata);
    REQUIRE(file.tensors.size() == tensors.size());
    for (const auto& [name, tensor] : tensors) {
      INFO(name);
      REQUIRE(file.tensors.count(name) == 1);
      const Tensor& read = file.tensors.at(name);
      CHECK(read.shape() == tensor.shape());
      CHECK(read.dtype() == tensor.dtype());
      CHECK(bytes_in(read) == bytes_in(tensor));
    }
  }
  write_safetensors(folder.path() / "none", {}, {});
  CHECK(read_safetensors(folder.path() / "none").tensors.empty());
}

TEST_CASE("The bytes depend on the content alone, and each tensor is aligned") {
  const tools::TemporaryFolder folder;
  const auto tensors = sample_tensors();
  std::vector<NamedTensorView> views = views_of(tensors);
  write_safetensors(folder.path() / "a", views, {{"k", "v"}});
  std::reverse(views.begin(), views.end());
  write_safetensors(folder.path() / "b", views, {{"k", "v"}});
  const FileBytes file = read_file(folder.path() / "a");
  CHECK(file == read_file(folder.path() / "b"));
  // Each tensor's bytes lie at a multiple of its elements' size.
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), 8);
  CHECK(header_bytes % 8 == 0);
  for (const auto& [name, tensor] : tensors) {
    const FileBytes wanted = bytes_in(tensor);
    if (wanted.size() < 4) continue;
    const auto found = std::search(file.begin(), file.end(), wanted.begin(), wanted.end());
    REQUIRE(found != file.end());
    CHECK((found - file.begin()) % size_of(tensor.dtype()) == 0);
  }
}

TEST_CASE("A file as other programs write it is read") {
  const std::string header = "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{" +
                             tensor("F32", "[1,2]", "[3,11]") + "},\"a\":{" + tensor("U8", "[3]", "[0,3]") +
                             ",\"more\":1}}   ";
  const SafetensorsFile file = parse(make_file(header, 11));
  CHECK(file.metadata.at("format") == "pt");
  CHECK(file.tensors.at("a").as<std::uint8_t>()[2] == 2);
  CHECK(bytes_in(file.tensors.at("b")) == FileBytes{3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_CASE("No prefix is a file, and no longer file either") {
  const tools::TemporaryFolder folder;
  write_safetensors(folder.path() / "m", views_of(sample_tensors()), {{"k", "v"}});
  FileBytes file = read_file(folder.path() / "m");
  for (std::size_t length = 0; length < file.size(); ++length) {
    INFO("the first " << length << " bytes");
    const FileBytes prefix(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(kind_of([&] { parse(prefix); }) == ErrorKind::input);
  }
  file.push_back(0);
  CHECK(contains(error_of([&] { parse(file); }).what(), "the tensors end at byte"));
  write_file_atomically(folder.path() / "cut", FileBytes(file.begin(), file.begin() + 100));
  CHECK(kind_of([&] { read_safetensors(folder.path() / "cut"); }) == ErrorKind::input);
  CHECK(kind_of([&] { read_safetensors(folder.path() / "missing"); }) == ErrorKind::input);
}

TEST_CASE("Header lengths that the file cannot have are refused") {
  for (const std::uint64_t length :
       {std::uint64_t{1}, std::uint64_t{100}, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    FileBytes bytes;
    append(bytes, length, 8, true);
    CHECK(kind_of([&] { parse(bytes); }) == ErrorKind::input);
  }
  CHECK(contains(refusal(std::string((16 << 20) + 8, ' '), 0), "announce a header"));
}

TEST_CASE("Malformed headers are refused with what is wrong") {
  CHECK(contains(refusal("", 0), "header"));
  CHECK(contains(refusal("[]", 0), "expected an object"));
  CHECK(contains(refusal("{\"a\":", 0), "header:1:"));
  CHECK(contains(refusal("{\"a\":1}", 0), "'a' is not described by"));
  CHECK(contains(refusal("{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1), "is not described by"));
  CHECK(contains(refusal("{\"__metadata__\":[]}", 0), "__metadata__ is an array"));
  CHECK(contains(refusal("{\"__metadata__\":{\"k\":1}}", 0), "'k' is a number, expected a string"));
  CHECK(contains(
      refusal("{\"a\":{" + tensor("U8", "[1]", "[0,1]") + "},\"a\":{" + tensor("U8", "[1]", "[0,1]") + "}}",
              1),
      "appears twice"));
  CHECK(contains(refusal(std::string(100, '[') + std::string(100, ']'), 0), "nested deeper"));
  CHECK(contains(refusal("{\"\xff\":1}", 0), "header"));
}

TEST_CASE("Tensors whose dtype, shape or place is wrong are refused") {
  CHECK(contains(refusal(one("F16", "[1]", "[0,2]"), 2), "dtype \"F16\""));
  CHECK(contains(refusal("{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,1]}}", 1), "dtype 4"));
  CHECK(contains(refusal(one("U8", "[1,1,1,1,1]", "[0,1]"), 1), "at most 4 extents"));
  CHECK(contains(refusal(one("U8", "1", "[0,1]"), 1), "at most 4 extents"));
  CHECK(contains(refusal(one("U8", "[-1]", "[0,1]"), 1), "expected sizes"));
  CHECK(contains(refusal(one("U8", "[1.5]", "[0,1]"), 1), "expected sizes"));
  CHECK(contains(refusal(one("U8", "[\"1\"]", "[0,1]"), 1), "expected sizes"));
  for (const char* shape :
       {"[9223372036854775807]", "[18446744073709551615]", "[4294967296,4294967296]",
        "[3037000500,3037000500]", "[2305843009213693952,8]", "[65536,65536,65536,65536]"})
    CHECK(contains(refusal(one("F32", shape, "[0,1]"), 1), "too large"));
  CHECK(contains(refusal(one("U8", "[1]", "[0]"), 1), "expected [begin, end]"));
  CHECK(contains(refusal(one("U8", "[1]", "[0,-1]"), 1), "expected [begin, end]"));
  CHECK(contains(refusal(one("U8", "[1]", "[0,1e0]"), 1), "expected [begin, end]"));
  CHECK(contains(refusal(one("U8", "[1]", "[1,0]"), 1), "holds 1 bytes"));
  CHECK(contains(refusal(one("U8", "[2]", "[0,2]"), 1), "holds 1 bytes"));
  CHECK(
      contains(refusal(one("U8", "[1]", "[18446744073709551615,18446744073709551615]"), 1), "holds 1 bytes"));
  CHECK(contains(refusal(one("F32", "[1]", "[0,3]"), 3), "takes 4"));
  CHECK(contains(refusal(one("F32", "[0]", "[0,4]"), 4), "takes 0"));
}

TEST_CASE("Tensors must cover the data without overlap and hole") {
  const auto two = [](const std::string& a, const std::string& b) {
    return "{\"a\":{" + tensor("U8", "[4]", a) + "},\"b\":{" + tensor("U8", "[4]", b) + "}}";
  };
  CHECK(parse(make_file(two("[0,4]", "[4,8]"), 8)).tensors.size() == 2);
  CHECK(parse(make_file(two("[4,8]", "[0,4]"), 8)).tensors.size() == 2);
  CHECK(contains(refusal(two("[0,4]", "[0,4]"), 4), "begins at byte 0, but the tensor before it ends at 4"));
  CHECK(contains(refusal(two("[0,4]", "[3,7]"), 7), "begins at byte 3"));
  CHECK(contains(refusal(two("[0,4]", "[5,9]"), 9), "begins at byte 5"));
  CHECK(contains(refusal(two("[1,5]", "[5,9]"), 9), "begins at byte 1"));
  CHECK(contains(refusal(two("[0,4]", "[4,8]"), 9), "end at byte 8 of 9"));
}

TEST_CASE("What cannot be stored is refused before anything is written") {
  const tools::TemporaryFolder folder;
  const Tensor tensor({2}, DType::f32);
  const auto write = [&](const std::vector<NamedTensorView>& tensors,
                         const std::map<std::string, std::string>& m = {}) {
    write_safetensors(folder.path() / "m", tensors, m);
  };
  const NamedTensorView a = {"a", tensor.view()};
  CHECK(kind_of([&] { write({a, a}); }) == ErrorKind::argument);
  CHECK(kind_of([&] { write({{"__metadata__", tensor.view()}}); }) == ErrorKind::argument);
  CHECK(kind_of([&] { write({{"\xff", tensor.view()}}); }) == ErrorKind::argument);
  CHECK(kind_of([&] { write({a}, {{"k", "\xff"}}); }) == ErrorKind::argument);
  CHECK(error_of([&] {
          write({{"a", ConstTensorView(static_cast<const float*>(nullptr), {2})}});
        }).kind() == ErrorKind::argument);
  const Device cuda{DeviceKind::cuda, 0};
  CHECK(error_of([&] {
          write({{"a", ConstTensorView(tensor.view().data, {2}, DType::f32, cuda)}});
        }).kind() == ErrorKind::argument);
  CHECK(std::filesystem::is_empty(folder.path()));
  const Error error = error_of([&] { write_safetensors(folder.path() / "missing" / "m", {a}, {}); });
  CHECK(error.kind() == ErrorKind::output);
}
