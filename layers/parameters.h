// Parameters: all weights of a network in one flat array and their gradients in another, so that the
// optimizer and the gradient's norm are one pass each. Weights that decay come first.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/tensor.h"

namespace attune {

// How a parameter starts: a constant, or He's normal distribution for a layer of `fan_in` inputs a unit and
// leaky ReLU of `slope` (variance 2 / ((1 + slope^2) fan_in)).
struct Initializer {
  static Initializer constant(float value) { return {value, 0, 0}; }
  static Initializer he_normal(std::int64_t fan_in, float slope) { return {0, fan_in, slope}; }

  float value = 0;
  std::int64_t fan_in = 0;  // 0: constant
  float slope = 0;
};

struct Parameter {
  std::string name;
  Shape shape;
  Initializer initializer;
  bool decays = false;  // weight decay: matrices and kernels do, biases, gates and affine vectors do not
  TensorView value, gradient;
  TensorView rounded;  // the value in bf16 where the store's round_values() keeps it, else empty
};

class ParameterStore {
 public:
  ParameterStore() = default;
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  // The reference stays valid. Throws where the name is taken or allocate() was called.
  Parameter& add(const std::string& name, const Shape& shape, const Initializer& initializer, bool decays);

  // Lays the parameters out and gives them their initial values: a pure function of (seed, name). `dtype` is
  // f64 in the double-precision reference only.
  void allocate(Device device, std::uint64_t seed, DType dtype = DType::f32);

  // For a network that only runs forward: without gradients, and without values until all of them are loaded.
  void allocate_for_inference(Device device, const Allocator& allocator = {});

  // Copies `values` (on the CPU) into the parameter of that name. Throws ErrorKind::input where the name is
  // unknown or shape or dtype differ.
  void load(const std::string& name, const ConstTensorView& values);

  // Keeps every value rounded to bf16 as well, as CUDA's products of bf16 activations take them: one launch, where each of
  // the products had one before. To be called again whenever values changed; only the first call allocates. Does nothing on
  // the CPU, whose products pack the weights in any case.
  void round_values(Context& context);

  const std::deque<Parameter>& all() const { return parameters_; }
  TensorView values() { return values_.view(); }        // flat
  TensorView gradients() { return gradients_.view(); }  // flat
  std::int64_t count() const { return count_; }         // of scalars
  std::int64_t decayed() const { return decayed_; }     // how many of the first scalars decay
  // The view of `parameter` in another flat array of the same layout (moments, averages), on that array's
  // device.
  TensorView view_in(const TensorView& flat, const Parameter& parameter) const;

 private:
  // Gives each parameter its view of values_ and, where they are kept, gradients_.
  void lay_out(Device device, DType dtype, bool with_gradients, const Allocator& allocator = {});
  // Of a flat array whose elements lie like the values, whatever their dtype.
  TensorView part_of(const TensorView& flat, const Parameter& parameter) const;

  std::deque<Parameter> parameters_;
  Tensor values_, gradients_, rounded_;
  std::int64_t count_ = 0, decayed_ = 0;
};

}  // namespace attune
