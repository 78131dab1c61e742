#include "tools/export/onnx_writer.h"

#include <bit>
#include <cstring>
#include <limits>

#include "core/error.h"

namespace attune::tools {

namespace {

static_assert(std::endian::native == std::endian::little,
              "protobuf's and ONNX's raw numbers are little-endian");

constexpr std::int64_t format_version = 8;  // of the file, the one that came with operator set 17

// Values of onnx.proto's TensorProto.DataType and AttributeProto.AttributeType.
constexpr int float_tensor = 1, integer_tensor = 7;
constexpr std::int64_t float_attribute = 1, integer_attribute = 2, text_attribute = 3, integers_attribute = 7;

// A protobuf message's bytes, field by field. The numbers of fields at the callers are onnx.proto's.
class Message {
 public:
  Message& integer(int field, std::int64_t value) {
    key(field, 0);
    variable_length(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& number(int field, float value) {
    key(field, 5);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
    return *this;
  }
  Message& text(int field, std::string_view value) {
    key(field, 2);
    variable_length(value.size());
    bytes_.append(value);
    return *this;
  }
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }
  // Fields that are encoded already.
  Message& fields(std::string_view encoded) {
    bytes_.append(encoded);
    return *this;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, int wire_type) { variable_length(static_cast<std::uint64_t>(field << 3 | wire_type)); }
  // Seven bits a byte, the lowest first; the eighth says that more follow.
  void variable_length(std::uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_.push_back(static_cast<char>(value | 128));
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

Message encoded(const std::string& name, const OnnxAttribute& attribute) {
  Message message;
  message.text(1, name);
  if (const auto* number = std::get_if<float>(&attribute))
    return message.number(2, *number).integer(20, float_attribute);
  if (const auto* integer = std::get_if<std::int64_t>(&attribute))
    return message.integer(3, *integer).integer(20, integer_attribute);
  if (const auto* text = std::get_if<std::string>(&attribute))
    return message.text(4, *text).integer(20, text_attribute);
  for (const std::int64_t integer : std::get<Integers>(attribute)) message.integer(8, integer);
  return message.integer(20, integers_attribute);
}

// A ValueInfoProto of floats.
Message encoded(const std::string& name, const OnnxShape& shape, const std::string& documentation) {
  Message extents;
  for (const OnnxExtent& extent : shape) {
    Message dimension;
    if (const auto* fixed = std::get_if<std::int64_t>(&extent))
      dimension.integer(1, *fixed);
    else
      dimension.text(2, std::get<std::string>(extent));
    extents.message(1, dimension);
  }
  const Message tensor = Message().integer(1, float_tensor).message(2, extents);
  return Message().text(1, name).message(2, Message().message(1, tensor)).text(3, documentation);
}

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

std::string OnnxGraph::next_name(const std::string& kind) { return text(kind, '_', ++names_); }

OnnxValue OnnxGraph::input(const std::string& name, const OnnxShape& shape,
                           const std::string& documentation) {
  inputs_ += Message().message(11, encoded(name, shape, documentation)).bytes();
  return {this, name};
}

void OnnxGraph::output(const std::string& name, const OnnxValue& value, const OnnxShape& shape,
                       const std::string& documentation) {
  const Message node = Message().text(1, value.name).text(2, name).text(3, name).text(4, "Identity");
  nodes_ += Message().message(1, node).bytes();
  outputs_ += Message().message(12, encoded(name, shape, documentation)).bytes();
}

OnnxValue OnnxGraph::constant(const std::string& name, int type, const Integers& shape,
                              std::string_view data) {
  Message tensor;
  for (const std::int64_t extent : shape) tensor.integer(1, extent);
  tensor.integer(2, type).text(8, name).text(9, data);
  constants_ += Message().message(5, tensor).bytes();
  return {this, name};
}

OnnxValue OnnxGraph::tensor(const std::string& name, const Integers& shape,
                            const std::vector<float>& values) {
  return constant(name, float_tensor, shape, bytes_of(values));
}

OnnxValue OnnxGraph::number(float value) { return tensor(next_name("number"), {}, {value}); }

OnnxValue OnnxGraph::numbers(const std::vector<float>& values) {
  return tensor(next_name("numbers"), {static_cast<std::int64_t>(values.size())}, values);
}

OnnxValue OnnxGraph::integer(std::int64_t value) {
  return constant(next_name("integer"), integer_tensor, {}, bytes_of(Integers{value}));
}

OnnxValue OnnxGraph::integers(const Integers& values) {
  return constant(next_name("integers"), integer_tensor, {static_cast<std::int64_t>(values.size())},
                  bytes_of(values));
}

OnnxValue OnnxGraph::add(const std::string& op, const std::vector<OnnxValue>& inputs,
                         const OnnxAttributes& attributes) {
  const std::string name = next_name(op);
  Message node;
  for (const OnnxValue& input : inputs) node.text(1, input.name);
  node.text(2, name).text(3, name).text(4, op);
  for (const auto& [attribute, value] : attributes) node.message(5, encoded(attribute, value));
  nodes_ += Message().message(1, node).bytes();
  return {this, name};
}

std::string OnnxGraph::file(const OnnxDescription& description) const {
  Message graph;
  graph.fields(nodes_).text(2, description.name).fields(constants_).fields(inputs_).fields(outputs_);
  Message model;
  model.integer(1, format_version).text(2, description.producer).text(3, description.producer_version);
  model.text(6, description.documentation).message(7, graph);
  model.message(8, Message().integer(2, operator_set));
  for (const auto& [key, value] : description.metadata)
    model.message(14, Message().text(1, key).text(2, value));
  const std::string& bytes = model.bytes();
  require(bytes.size() <= std::numeric_limits<std::int32_t>::max(), ErrorKind::unsupported,
          "an ONNX file may have 2 GiB, this model takes ", bytes.size(), " bytes");
  return bytes;
}

OnnxValue sum(const OnnxValue& x, const Integers& axes) {
  return x.graph->add("ReduceSum", {x, x.graph->integers(axes)});
}

OnnxValue slice(const OnnxValue& x, std::int64_t axis, std::int64_t begin, std::int64_t end) {
  OnnxGraph& graph = *x.graph;
  return graph.add("Slice", {x, graph.integers({begin}), graph.integers({end}), graph.integers({axis})});
}

OnnxValue concatenated(const std::vector<OnnxValue>& parts, std::int64_t axis) {
  return parts.at(0).graph->add("Concat", parts, {{"axis", axis}});
}

OnnxValue where(const OnnxValue& condition, const OnnxValue& x, const OnnxValue& y) {
  return x.graph->add("Where", {condition, x, y});
}

}  // namespace attune::tools
