// The format: the header's length in 8 bytes (little-endian), the header (JSON: each tensor's dtype, shape and
// [begin, end) in what follows, and under "__metadata__" strings), then the tensors' bytes without gaps.
#include "core/safetensors.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "core/files.h"
#include "core/json.h"
#include "core/text.h"

namespace attune {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are stored little-endian");

namespace {

constexpr std::size_t length_bytes = 8;
// A quarter of a million tensors; a longer header is an attack on memory.
constexpr std::uint64_t largest_header = std::uint64_t{16} << 20;
constexpr const char* metadata_key = "__metadata__";

struct NamedDType {
  const char* name;
  DType dtype;
};
constexpr NamedDType dtypes[] = {
    {"F32", DType::f32}, {"BF16", DType::bf16}, {"F64", DType::f64}, {"I32", DType::i32}, {"U8", DType::u8}};

struct Entry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;
};

// Checks one file's header; every message names the file and, where there is one, the tensor.
class HeaderParser {
 public:
  HeaderParser(const std::string& file, std::uint64_t data_bytes) : file_(file), data_bytes_(data_bytes) {}

  // The tensors in the order of their bytes.
  std::vector<Entry> parse(std::string_view header, std::map<std::string, std::string>& metadata) {
    const Json json = parse_json(header, file_ + ": header", ErrorKind::input);
    require(json.is_object(), ErrorKind::input, file_, ": header: got ", json_text(json),
            ", expected an object");
    std::vector<Entry> entries;
    for (const auto& member : json.items())
      if (member.key() == metadata_key)
        metadata = strings(member.value());
      else
        entries.push_back(entry(member.key(), member.value()));
    check_cover(entries);
    return entries;
  }

 private:
  template <class... Parts>
  void check(bool ok, const std::string& tensor, const Parts&... parts) const {
    require(ok, ErrorKind::input, file_, ": tensor '", shortened(tensor, 80), "' ", parts...);
  }

  std::map<std::string, std::string> strings(const Json& json) const {
    std::map<std::string, std::string> result;
    require(json.is_object(), ErrorKind::input, file_, ": ", metadata_key, " is ", json_type_name(json),
            ", expected an object");
    for (const auto& member : json.items()) {
      require(member.value().is_string(), ErrorKind::input, file_, ": ", metadata_key, ": '",
              shortened(member.key(), 80), "' is ", json_type_name(member.value()), ", expected a string");
      result[member.key()] = member.value().get<std::string>();
    }
    return result;
  }

  Entry entry(const std::string& name, const Json& json) const {
    check(
        json.is_object() && json.contains("dtype") && json.contains("shape") && json.contains("data_offsets"),
        name, "is not described by dtype, shape and data_offsets");
    Entry entry;
    entry.name = name;
    entry.dtype = dtype(name, json["dtype"]);
    entry.shape = shape(name, json["shape"]);
    const Json& offsets = json["data_offsets"];
    check(offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
              offsets[1].is_number_unsigned(),
          name, "has data_offsets ", json_text(offsets), ", expected [begin, end]");
    entry.begin = offsets[0].get<std::uint64_t>();
    entry.end = offsets[1].get<std::uint64_t>();
    check(entry.begin <= entry.end && entry.end <= data_bytes_, name, "has data_offsets ", json_text(offsets),
          ", but the file holds ", data_bytes_, " bytes of data");
    // No overflow: shape() has bounded the product.
    const auto bytes = static_cast<std::uint64_t>(entry.shape.elements() * size_of(entry.dtype));
    check(bytes == entry.end - entry.begin, name, "has ", entry.end - entry.begin, " bytes of data, but ",
          name_of(entry.dtype), " ", entry.shape, " takes ", bytes);
    return entry;
  }

  DType dtype(const std::string& name, const Json& json) const {
    for (const NamedDType& known : dtypes)
      if (json == known.name) return known.dtype;
    check(false, name, "has dtype ", json_text(json), ", expected F32, BF16, F64, I32 or U8");
    return {};
  }

  Shape shape(const std::string& name, const Json& json) const {
    check(json.is_array() && json.size() <= Shape::max_rank, name, "has shape ", json_text(json),
          ", expected at most 4 extents");
    // Bounds the product by what 8 bytes an element leave of 63 bits; the sizes that a file can hold are far smaller.
    constexpr std::int64_t most_elements = std::numeric_limits<std::int64_t>::max() / 8;
    std::int64_t extents[Shape::max_rank] = {};
    std::int64_t product = 1;
    for (std::size_t axis = 0; axis < json.size(); ++axis) {
      check(json[axis].is_number_unsigned(), name, "has shape ", json_text(json), ", expected sizes");
      const std::uint64_t extent = json[axis].get<std::uint64_t>();
      check(extent <= static_cast<std::uint64_t>(most_elements / std::max<std::int64_t>(product, 1)), name,
            "has shape ", json_text(json), ", which is too large");
      extents[axis] = static_cast<std::int64_t>(extent);
      product *= extents[axis];
    }
    switch (json.size()) {
      case 0:
        return {};
      case 1:
        return {extents[0]};
      case 2:
        return {extents[0], extents[1]};
      case 3:
        return {extents[0], extents[1], extents[2]};
      default:
        return {extents[0], extents[1], extents[2], extents[3]};
    }
  }

  // Sorts the tensors by their place, and sees to it that they cover the data without overlap and without a hole.
  void check_cover(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end != b.end ? a.end < b.end : a.name < b.name;
    });
    std::uint64_t covered = 0;
    for (const Entry& entry : entries) {
      check(entry.begin == covered, entry.name, "begins at byte ", entry.begin,
            ", but the tensor before it ends at ", covered);
      covered = entry.end;
    }
    require(covered == data_bytes_, ErrorKind::input, file_, ": the tensors end at byte ", covered, " of ",
            data_bytes_, " bytes of data");
  }

  const std::string& file_;
  std::uint64_t data_bytes_;
};

// Reads the next `size` bytes of the source.
using Read = std::function<void(void* target, std::size_t size)>;

SafetensorsFile read(const std::string& name, std::uint64_t size, const Read& read_next) {
  require(size >= length_bytes, ErrorKind::input, name, ": is no safetensors file: it has ", size, " bytes");
  std::uint64_t header_bytes = 0;
  read_next(&header_bytes, length_bytes);
  require(header_bytes <= size - length_bytes && header_bytes <= largest_header, ErrorKind::input, name,
          ": is cut short or no safetensors file: its first bytes announce a header of ", header_bytes,
          " bytes in a file of ", size);
  std::string header(header_bytes, '\0');
  read_next(header.data(), header.size());

  SafetensorsFile file;
  HeaderParser parser(name, size - length_bytes - header_bytes);
  for (const Entry& entry : parser.parse(header, file.metadata)) {
    Tensor tensor(entry.shape, entry.dtype);
    read_next(tensor.view().data, static_cast<std::size_t>(tensor.view().bytes()));
    file.tensors.emplace(entry.name, std::move(tensor));
  }
  return file;
}

const char* stored_name(DType dtype) {
  for (const NamedDType& known : dtypes)
    if (known.dtype == dtype) return known.name;
  fail(ErrorKind::internal, "safetensors has no name for ", name_of(dtype));
}

// The order of the data: wide elements first, so that each tensor is aligned to its elements (readers that map the
// file need that), then by name.
std::vector<const NamedTensorView*> data_order(const std::vector<NamedTensorView>& tensors) {
  std::vector<const NamedTensorView*> order;
  for (const NamedTensorView& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const NamedTensorView* a, const NamedTensorView* b) {
    const std::int64_t a_size = size_of(a->view.dtype), b_size = size_of(b->view.dtype);
    return a_size != b_size ? a_size > b_size : a->name < b->name;
  });
  return order;
}

std::string make_header(const std::vector<const NamedTensorView*>& order,
                        const std::map<std::string, std::string>& metadata) {
  Json json = Json::object();
  if (!metadata.empty()) json[metadata_key] = metadata;
  std::int64_t offset = 0;
  for (const NamedTensorView* tensor : order) {
    const ConstTensorView& view = tensor->view;
    require(tensor->name != metadata_key && !json.contains(tensor->name), ErrorKind::argument,
            "safetensors: the name '", tensor->name, "' is taken");
    require(view.device.kind == DeviceKind::cpu && (view.data != nullptr || view.elements() == 0),
            ErrorKind::argument, "safetensors: tensor '", tensor->name, "' is not in CPU memory");
    Json shape = Json::array();
    for (int axis = 0; axis < view.shape.rank(); ++axis) shape.push_back(view.shape[axis]);
    const std::int64_t end = offset + view.bytes();
    json[tensor->name] = {
        {"dtype", stored_name(view.dtype)}, {"shape", shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  try {
    std::string header = json.dump();
    // Spaces up to the next multiple of 8, so that the data are aligned.
    header.resize((header.size() + 7) / 8 * 8, ' ');
    return header;
  } catch (const Json::exception& error) {
    fail(ErrorKind::argument, "safetensors: a name or metadata is not UTF-8: ", error.what());
  }
}

}  // namespace

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  InputFile file(path);
  const std::string name = path.string();
  require(file.size() >= 0, ErrorKind::input, name, ": is no regular file");
  return read(name, static_cast<std::uint64_t>(file.size()), [&](void* target, std::size_t size) {
    require(file.read(target, size) == size, ErrorKind::input, name, ": became shorter while it was read");
  });
}

SafetensorsFile parse_safetensors(const void* data, std::size_t size, const std::string& name) {
  const char* next = static_cast<const char*>(data);
  return read(name, size, [&](void* target, std::size_t count) {
    if (count > 0) std::memcpy(target, next, count);
    next += count;
  });
}

void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::vector<const NamedTensorView*> order = data_order(tensors);
  const std::string header = make_header(order, metadata);
  require(header.size() <= largest_header, ErrorKind::argument, "safetensors: the header has ", header.size(),
          " bytes, at most ", largest_header, " are read");
  const std::uint64_t header_bytes = header.size();
  OutputFile file(path);
  file.write(&header_bytes, length_bytes);
  file.write(header.data(), header.size());
  for (const NamedTensorView* tensor : order)
    file.write(tensor->view.data, static_cast<std::size_t>(tensor->view.bytes()));
  file.commit();
}

}  // namespace attune
