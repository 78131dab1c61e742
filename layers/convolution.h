// Convolution with bias and activation as a layer; weights [Co, k, k, Ci].
#pragma once

#include "kernels/convolution/convolution.h"
#include "layers/layer.h"

namespace attune {

class ConvolutionLayer final : public Layer {
 public:
  struct Config {
    std::int64_t inputs = 0, outputs = 0;
    std::int64_t kernel = 3;
    convolution::Options options;
    bool start_at_zero = false;  // for heads whose output must start as the identity
  };
  ConvolutionLayer(ParameterStore& store, const std::string& name, const Config& config);

  std::string kind() const override { return "convolution"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override;
  std::vector<Parameter*> parameters() const override { return {weights_, bias_}; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  std::int64_t packed_bytes(const std::vector<TensorSpec>& inputs, Context& context) const override;
  void pack(Context& context, const std::vector<TensorSpec>& inputs, void* packed) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  Config config_;
  Parameter *weights_, *bias_;
};

}  // namespace attune
