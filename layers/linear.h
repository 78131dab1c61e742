// A fully connected layer on the last axis: [N, K, Ci] -> [N, K, Co]; weights [Co, Ci].
#pragma once

#include "kernels/matmul/matmul.h"
#include "layers/layer.h"

namespace attune {

class LinearLayer final : public Layer {
 public:
  // `start_at_zero`: its weights, else random ones.
  LinearLayer(ParameterStore& store, const std::string& name, std::int64_t inputs, std::int64_t outputs,
              Activation activation, bool start_at_zero = false);

  std::string kind() const override { return "linear"; }
  std::vector<TensorSpec> infer(const std::vector<TensorSpec>& inputs) const override;
  BackwardNeeds backward_needs() const override;
  std::vector<Parameter*> parameters() const override { return {weights_, bias_}; }
  std::int64_t workspace_bytes(const std::vector<TensorSpec>& inputs, const Context& context,
                               Mode) const override;
  Cost forward_cost(const LayerForward& a) const override;
  Cost backward_cost(const LayerBackward& a) const override;
  void forward(Context& context, const LayerForward& a) const override;
  void backward(Context& context, const LayerBackward& a) const override;

 private:
  std::int64_t inputs_, outputs_;
  matmul::Options options_;
  Parameter *weights_, *bias_;
};

}  // namespace attune
