// ONNX files: a graph is built operator by operator and written in protobuf's wire format, which is small enough to do by
// hand. Knows nothing of networks.
//
//     OnnxGraph graph;
//     const OnnxValue x = graph.input("x", {"N", 3}, "any numbers");
//     graph.output("y", x * graph.number(2), {"N", 3}, "twice x");
//     write_file_atomically(path, graph.file(description));
//
// Operators check no shapes: onnx.checker does. The same program gives the same bytes.
// Source: onnx.proto, github.com/onnx/onnx; the operators' own contracts are in its docs/Operators.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace attune::tools {

class OnnxGraph;

// A tensor of a graph, by its name. One without a name stands for an optional input that is left out.
struct OnnxValue {
  OnnxGraph* graph = nullptr;
  std::string name;
};

// An extent, or the name of one that differs from run to run.
using OnnxExtent = std::variant<std::int64_t, std::string>;
using OnnxShape = std::vector<OnnxExtent>;
using Integers = std::vector<std::int64_t>;
using OnnxAttribute = std::variant<std::int64_t, float, std::string, Integers>;
using OnnxAttributes = std::map<std::string, OnnxAttribute>;

struct OnnxDescription {
  std::string name;  // of the graph
  std::string producer, producer_version;
  std::string documentation;
  std::map<std::string, std::string> metadata;
};

class OnnxGraph {
 public:
  static constexpr std::int64_t operator_set = 17;

  OnnxGraph() = default;
  OnnxGraph(const OnnxGraph&) = delete;  // values point to it
  OnnxGraph& operator=(const OnnxGraph&) = delete;

  // Of floats.
  OnnxValue input(const std::string& name, const OnnxShape& shape, const std::string& documentation);
  void output(const std::string& name, const OnnxValue& value, const OnnxShape& shape,
              const std::string& documentation);

  // Constants: floats of any shape under a name of the caller's, then scalars and rows.
  OnnxValue tensor(const std::string& name, const Integers& shape, const std::vector<float>& values);
  OnnxValue number(float value);
  OnnxValue numbers(const std::vector<float>& values);
  OnnxValue integer(std::int64_t value);
  OnnxValue integers(const Integers& values);

  // An operator's first output.
  OnnxValue add(const std::string& op, const std::vector<OnnxValue>& inputs,
                const OnnxAttributes& attributes = {});

  // The file's bytes. Throws ErrorKind::unsupported where they are more than protobuf allows, 2 GiB.
  std::string file(const OnnxDescription& description) const;

 private:
  std::string next_name(const std::string& kind);
  OnnxValue constant(const std::string& name, int type, const Integers& shape, std::string_view data);

  std::string nodes_, constants_, inputs_, outputs_;  // fields of a GraphProto, encoded
  std::int64_t names_ = 0;
};

inline OnnxValue operator+(const OnnxValue& a, const OnnxValue& b) { return a.graph->add("Add", {a, b}); }
inline OnnxValue operator-(const OnnxValue& a, const OnnxValue& b) { return a.graph->add("Sub", {a, b}); }
inline OnnxValue operator*(const OnnxValue& a, const OnnxValue& b) { return a.graph->add("Mul", {a, b}); }
inline OnnxValue operator/(const OnnxValue& a, const OnnxValue& b) { return a.graph->add("Div", {a, b}); }

// Sum over these axes, which stay with the extent 1.
OnnxValue sum(const OnnxValue& x, const Integers& axes);
// [begin, end) along one axis.
OnnxValue slice(const OnnxValue& x, std::int64_t axis, std::int64_t begin, std::int64_t end);
OnnxValue concatenated(const std::vector<OnnxValue>& parts, std::int64_t axis);
// Where the condition holds x, else y.
OnnxValue where(const OnnxValue& condition, const OnnxValue& x, const OnnxValue& y);

}  // namespace attune::tools
