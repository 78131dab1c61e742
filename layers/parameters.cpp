#include "layers/parameters.h"

#include <cmath>

#include "core/philox.h"
#include "kernels/convolution/convolution.h"

namespace attune {

namespace {

// FNV-1a: a fixed hash, since std::hash may differ between libraries.
std::uint64_t hash_of(const std::string& name) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

// One normally distributed number by Box and Muller's method.
double normal(PhiloxStream& stream) {
  const double u = 1.0 - static_cast<double>(stream.uniform()), v = static_cast<double>(stream.uniform());
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * 3.14159265358979323846 * v);
}

template <class T>
void initialize(const Parameter& parameter, std::uint64_t seed, T* values) {
  const std::uint64_t hash = hash_of(parameter.name);
  PhiloxStream stream(seed, static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32));
  const Initializer& start = parameter.initializer;
  const double sd = start.fan_in == 0
                        ? 0.0
                        : std::sqrt(2.0 / ((1.0 + static_cast<double>(start.slope) * start.slope) *
                                           static_cast<double>(start.fan_in)));
  for (std::int64_t i = 0; i < parameter.shape.elements(); ++i)
    values[i] =
        static_cast<T>(start.fan_in == 0 ? static_cast<double>(start.value)
                                         : static_cast<double>(static_cast<float>(sd * normal(stream))));
}

}  // namespace

Parameter& ParameterStore::add(const std::string& name, const Shape& shape, const Initializer& initializer,
                               bool decays) {
  require(values_.empty(), ErrorKind::internal, "parameter ", name, " added after allocation");
  for (const Parameter& parameter : parameters_)
    require(parameter.name != name, ErrorKind::internal, "two parameters are called ", name);
  parameters_.push_back({name, shape, initializer, decays, {}, {}, {}});
  return parameters_.back();
}

void ParameterStore::allocate(Device device, std::uint64_t seed, DType dtype) {
  lay_out(device, dtype, true);
  Tensor host(values_.shape(), dtype);
  for (const Parameter& parameter : parameters_) {
    const TensorView values = part_of(host.view(), parameter);
    if (dtype == DType::f64)
      initialize(parameter, seed, values.as<double>());
    else
      initialize(parameter, seed, values.as<float>());
  }
  copy_bytes(values_.view().data, device, host.view().data, Device{}, host.view().bytes());
}

// Drawing values that a file's replace took a quarter of the time to start.
void ParameterStore::allocate_for_inference(Device device, const Allocator& allocator) {
  lay_out(device, DType::f32, false, allocator);
}

void ParameterStore::lay_out(Device device, DType dtype, bool with_gradients, const Allocator& allocator) {
  require(values_.empty(), ErrorKind::internal, "parameters are allocated twice");
  count_ = decayed_ = 0;
  for (const Parameter& parameter : parameters_) {
    count_ += parameter.shape.elements();
    if (parameter.decays) decayed_ += parameter.shape.elements();
  }
  values_ = Tensor({count_}, dtype, device, allocator);
  if (with_gradients) gradients_ = Tensor::zeros({count_}, dtype, device);

  std::int64_t offset = 0;
  for (const bool decays : {true, false})
    for (Parameter& parameter : parameters_) {
      if (parameter.decays != decays) continue;
      const std::int64_t bytes = offset * size_of(dtype);
      parameter.value = {static_cast<char*>(values_.view().data) + bytes, parameter.shape, dtype, device};
      if (with_gradients) parameter.gradient = part_of(gradients_.view(), parameter);
      offset += parameter.shape.elements();
    }
}

void ParameterStore::load(const std::string& name, const ConstTensorView& values) {
  for (const Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    require(values.shape == parameter.shape && values.dtype == parameter.value.dtype, ErrorKind::input,
            "weights ", name, " are ", values.shape, " ", attune::name_of(values.dtype), ", the network has ",
            parameter.shape, " ", attune::name_of(parameter.value.dtype));
    copy_bytes(parameter.value.data, parameter.value.device, values.data, values.device, values.bytes());
    return;
  }
  fail(ErrorKind::input, "the network has no weights called ", name);
}

void ParameterStore::round_values(Context& context) {
  if (context.device().kind == DeviceKind::cpu) return;
  if (rounded_.empty()) {
    rounded_ = Tensor(values_.shape(), DType::bf16, context.device());
    for (Parameter& parameter : parameters_) parameter.rounded = part_of(rounded_.view(), parameter);
  }
  convolution::round_weights(context, values_.view(), rounded_.view());
}

TensorView ParameterStore::view_in(const TensorView& flat, const Parameter& parameter) const {
  require(flat.shape == values_.shape() && flat.dtype == values_.dtype(), ErrorKind::internal,
          "a flat array of ", flat.shape, " does not lie like the parameters");
  return part_of(flat, parameter);
}

TensorView ParameterStore::part_of(const TensorView& flat, const Parameter& parameter) const {
  const auto bytes =
      static_cast<const char*>(parameter.value.data) - static_cast<const char*>(values_.view().data);
  const std::int64_t first = bytes / size_of(values_.dtype());
  return {static_cast<char*>(flat.data) + first * size_of(flat.dtype), parameter.shape, flat.dtype,
          flat.device};
}

}  // namespace attune
