// A convolution is described to cuDNN as a graph of operations; of the engines that its heuristics name, the first
// deterministic one that fits becomes the problem's plan. Arrays that are not aligned to vectors pass through copies that are.
#include "kernels/convolution/cudnn.h"

#include <cudnn.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "core/cuda/launch.cuh"
#include "core/tensor.h"

namespace attune::convolution::cudnn {

namespace {

void check(cudnnStatus_t status, const char* what) {
  require(status == CUDNN_STATUS_SUCCESS, ErrorKind::device, "convolution: cuDNN: ", what, ": ",
          cudnnGetErrorString(status));
}

// One of the library's objects.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    check(cudnnBackendCreateDescriptor(type, &handle_), "cudnnBackendCreateDescriptor");
  }
  Descriptor(Descriptor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Descriptor() {
    if (handle_) static_cast<void>(cudnnBackendDestroyDescriptor(handle_));
  }

  cudnnBackendDescriptor_t get() const { return handle_; }

  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
           const void* values) {
    check(cudnnBackendSetAttribute(handle_, name, type, count, values), "cudnnBackendSetAttribute");
  }
  template <class T>
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const T& value) {
    set(name, type, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& part) {
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, part.handle_);
  }
  void finalize() { check(cudnnBackendFinalize(handle_), "cudnnBackendFinalize"); }
  bool try_finalize() { return cudnnBackendFinalize(handle_) == CUDNN_STATUS_SUCCESS; }

  // How many of `capacity` values were there.
  std::int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t capacity,
                   void* values) const {
    std::int64_t count = 0;
    check(cudnnBackendGetAttribute(handle_, name, type, capacity, &count, values),
          "cudnnBackendGetAttribute");
    return std::min(count, capacity);
  }

 private:
  cudnnBackendDescriptor_t handle_ = nullptr;
};

constexpr std::int64_t vector_bytes = 16;

// The arrays' names within a plan.
enum Id : std::int64_t { x_id = 1, weights_id, y_id, bias_id, first_virtual_id };

// [N, C, H, W], as cuDNN counts, of an NHWC (or OHWI) array.
Descriptor tensor(std::int64_t id, cudnnDataType_t type, std::int64_t n, std::int64_t c, std::int64_t h,
                  std::int64_t w, std::int64_t alignment = vector_bytes) {
  const std::array<std::int64_t, 4> extents = {n, c, h, w}, strides = {h * w * c, 1, w * c, c};
  Descriptor result(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  result.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
  result.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, extents.data());
  result.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides.data());
  result.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, id);
  result.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, alignment);
  result.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, id >= first_virtual_id);
  result.finalize();
  return result;
}

Descriptor convolution(const Problem& p) {
  const std::array<std::int64_t, 2> strides = {p.stride, p.stride}, padding = {p.padding, p.padding},
                                    dilation = {p.dilation, p.dilation};
  Descriptor result(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  result.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  result.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION);
  result.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, std::int64_t{2});
  result.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides.data());
  result.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding.data());
  result.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding.data());
  result.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilation.data());
  result.finalize();
  return result;
}

// An operation's tensors and what it does, by the names that its kind gives them.
struct OperationNames {
  cudnnBackendDescriptorType_t kind;
  cudnnBackendAttributeName_t x, weights, y, convolution, alpha, beta;
};
constexpr OperationNames forward_names = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
constexpr OperationNames data_names = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
constexpr OperationNames weights_names = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

Descriptor product(const OperationNames& names, const Problem& p, const Descriptor& x,
                   const Descriptor& weights, const Descriptor& y) {
  Descriptor result(names.kind);
  result.set(names.x, x);
  result.set(names.weights, weights);
  result.set(names.y, y);
  result.set(names.convolution, convolution(p));
  result.set(names.alpha, CUDNN_TYPE_FLOAT, 1.0f);
  result.set(names.beta, CUDNN_TYPE_FLOAT, 0.0f);
  result.finalize();
  return result;
}

// y = x + b, or y = leaky ReLU of x where b is null.
Descriptor pointwise(cudnnPointwiseMode_t mode, double slope, const Descriptor& x, const Descriptor* b,
                     const Descriptor& y) {
  Descriptor function(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  function.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode);
  function.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  if (!b) function.set(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, CUDNN_TYPE_DOUBLE, slope);
  function.finalize();
  Descriptor result(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  result.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, function);
  result.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (b) result.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
  result.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  result.finalize();
  return result;
}

// The operations of a pass; virtual tensors between fused ones exist in registers only.
std::vector<Descriptor> operations(const Problem& p, Pass pass) {
  const cudnnDataType_t type = p.dtype == DType::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
  const auto y_like = [&](std::int64_t id, cudnnDataType_t of) {
    return tensor(id, of, p.batch, p.outputs, p.output_height, p.output_width);
  };
  const Descriptor x = tensor(x_id, type, p.batch, p.inputs, p.height, p.width);
  const Descriptor weights = tensor(weights_id, type, p.outputs, p.inputs, p.kernel_height, p.kernel_width);
  const Descriptor y = y_like(y_id, type);
  std::vector<Descriptor> all;
  switch (pass) {
    case Pass::forward:
      all.push_back(product(forward_names, p, x, weights, y));
      break;
    case Pass::data:
      all.push_back(product(data_names, p, x, weights, y));
      break;
    case Pass::weights:
      all.push_back(product(weights_names, p, x, weights, y));
      break;
    case Pass::fused_forward: {
      const Descriptor bias = tensor(bias_id, CUDNN_DATA_FLOAT, 1, p.outputs, 1, 1, sizeof(float));
      const Descriptor sum = y_like(first_virtual_id, CUDNN_DATA_FLOAT);
      all.push_back(product(forward_names, p, x, weights, sum));
      if (p.activation == Activation::none) {
        all.push_back(pointwise(CUDNN_POINTWISE_ADD, 0, sum, &bias, y));
        break;
      }
      const Descriptor biased = y_like(first_virtual_id + 1, CUDNN_DATA_FLOAT);
      all.push_back(pointwise(CUDNN_POINTWISE_ADD, 0, sum, &bias, biased));
      all.push_back(pointwise(CUDNN_POINTWISE_RELU_FWD, static_cast<double>(p.slope), biased, nullptr, y));
    }
  }
  return all;
}

Descriptor operation_graph(cudnnHandle_t handle, const Problem& p, Pass pass) {
  const std::vector<Descriptor> all = operations(p, pass);
  std::vector<cudnnBackendDescriptor_t> handles;
  for (const Descriptor& operation : all) handles.push_back(operation.get());
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
            static_cast<std::int64_t>(handles.size()), handles.data());
  graph.finalize();
  return graph;
}

// What an engine may not do: give other bits on another run, or, for f32, round its inputs or transform them.
bool allowed(const Descriptor& configuration, DType dtype) {
  const Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t handle = engine.get();
  configuration.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &handle);
  std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes{};
  const std::int64_t count = engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                        static_cast<std::int64_t>(notes.size()), notes.data());
  return std::none_of(notes.begin(), notes.begin() + count, [&](cudnnBackendNumericalNote_t note) {
    switch (note) {
      case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
      case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
        return true;
      case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
        return false;
      default:
        return dtype == DType::f32;
    }
  });
}

// What the heuristics name, best first.
std::vector<Descriptor> configurations(const Descriptor& graph, cudnnBackendHeurMode_t mode) {
  constexpr std::int64_t most = 24;
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
  if (!heuristics.try_finalize()) return {};
  std::vector<Descriptor> found;
  std::vector<cudnnBackendDescriptor_t> handles;
  for (std::int64_t i = 0; i < most; ++i) {
    found.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    handles.push_back(found.back().get());
  }
  const std::int64_t count =
      heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, handles.data());
  found.erase(found.begin() + count, found.end());
  return found;
}

std::optional<Descriptor> plan_of(cudnnHandle_t handle, const Problem& p, Pass pass) {
  const Descriptor graph = operation_graph(handle, p, pass);
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
    for (const Descriptor& configuration : configurations(graph, mode)) {
      if (!allowed(configuration, p.dtype)) continue;
      Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, handle);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
      if (!plan.try_finalize()) continue;
      std::int64_t bytes = 0;
      plan.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &bytes);
      if (bytes <= scratch_bytes) return plan;
    }
  return std::nullopt;
}

// The context's handle and its plans; an empty one is remembered as well. Programs that meet ever new sizes must not
// collect them for ever, so a full cache starts anew.
class Cache {
 public:
  Cache() { check(cudnnCreate(&handle), "cudnnCreate"); }
  ~Cache() {
    plans_.clear();
    static_cast<void>(cudnnDestroy(handle));
  }
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  const std::optional<Descriptor>& find(const Problem& problem, Pass pass) {
    const Key key{problem, pass};
    const auto found = plans_.find(key);
    if (found != plans_.end()) return found->second;
    if (plans_.size() >= capacity) plans_.clear();
    return plans_.emplace(key, plan_of(handle, problem, pass)).first->second;
  }

  cudnnHandle_t handle = nullptr;

 private:
  struct Key {
    Problem problem;
    Pass pass;
    auto operator<=>(const Key&) const = default;
  };
  static constexpr std::size_t capacity = 512;
  std::map<Key, std::optional<Descriptor>> plans_;
};

// The arrays of a call, aligned to vectors: cuDNN's engines read whole ones even where they are told of less (on an H200, an
// f32 gradient of the weights). A copy takes the place of an array that is not, in memory that the context keeps.
class AlignedArrays {
 public:
  AlignedArrays(Context& context, const Problem& p, Pass pass, const Arrays& arrays)
      : stream_(attune::cuda::stream_of(context)), originals_{arrays.x, arrays.weights, arrays.y} {
    const std::int64_t size = size_of(p.dtype);
    bytes_ = {checked_multiply(p.batch * p.height * p.width, p.inputs * size),
              checked_multiply(p.outputs * p.kernel_height * p.kernel_width, p.inputs * size),
              checked_multiply(p.batch * p.output_height * p.output_width, p.outputs * size)};
    written_ = pass == Pass::data ? 0 : pass == Pass::weights ? 1 : 2;
    for (std::size_t i = 0; i < 3; ++i) {
      addresses_[i] = const_cast<void*>(originals_[i]);
      if (reinterpret_cast<std::uintptr_t>(originals_[i]) % vector_bytes == 0) continue;
      addresses_[i] = memory(context, i);
      if (i != written_) copy(originals_[i], addresses_[i], bytes_[i]);
    }
  }
  const void* operator[](std::size_t i) const { return addresses_[i]; }

  // Behind the call: what it wrote goes to where it belongs.
  void finish() const {
    if (addresses_[written_] != originals_[written_])
      copy(addresses_[written_], const_cast<void*>(originals_[written_]), bytes_[written_]);
  }

 private:
  // Of x, weights and y, the last the largest. None is freed before the context: a graph may hold its address.
  using Copies = std::array<std::vector<Tensor>, 3>;

  void* memory(Context& context, std::size_t i) const {
    std::vector<Tensor>& copies = context.attachment<Copies>()[i];
    if (copies.empty() || copies.back().view().elements() < bytes_[i])
      copies.emplace_back(Shape{bytes_[i]}, DType::u8, context.device());
    return copies.back().view().data;
  }
  void copy(const void* from, void* to, std::int64_t bytes) const {
    cuda_check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice, stream_),
               "cudaMemcpyAsync");
  }

  cudaStream_t stream_;
  std::array<const void*, 3> originals_;  // x, weights, y
  std::array<void*, 3> addresses_;
  std::array<std::int64_t, 3> bytes_;
  std::size_t written_;
};

}  // namespace

bool run(Context& context, const Problem& problem, Pass pass, const Arrays& arrays, void* scratch) {
  auto& cache = context.attachment<Cache>();
  check(cudnnSetStream(cache.handle, attune::cuda::stream_of(context)), "cudnnSetStream");
  const std::optional<Descriptor>& plan = cache.find(problem, pass);
  if (!plan) return false;
  const AlignedArrays aligned(context, problem, pass, arrays);

  const std::array<std::int64_t, 4> ids = {x_id, weights_id, y_id, bias_id};
  const std::array<const void*, 4> addresses = {aligned[0], aligned[1], aligned[2], arrays.bias};
  const std::int64_t count = pass == Pass::fused_forward ? 4 : 3;
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, ids.data());
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, addresses.data());
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, scratch);
  pack.finalize();
  check(cudnnBackendExecute(cache.handle, plan->get(), pack.get()), "cudnnBackendExecute");
  aligned.finish();
  return true;
}

}  // namespace attune::convolution::cudnn
