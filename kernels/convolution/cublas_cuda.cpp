#include "kernels/convolution/cublas.h"

#include <cublasLt.h>

#include <algorithm>
#include <map>

#include "core/cuda/launch.cuh"

namespace attune::convolution::cublas {

namespace {

void check(cublasStatus_t status, const char* what) {
  require(status == CUBLAS_STATUS_SUCCESS, ErrorKind::device, "convolution: cuBLAS: ", what, ": ",
          cublasLtGetStatusString(status));
}

// The largest power of two up to 16 that divides all addresses.
std::uint32_t alignment_of(std::initializer_list<const void*> addresses) {
  std::uintptr_t bits = 16;
  for (const void* address : addresses) bits |= reinterpret_cast<std::uintptr_t>(address);
  return static_cast<std::uint32_t>(bits & (~bits + 1));
}

// A product's descriptions and its algorithm.
class Plan {
 public:
  Plan(cublasLtHandle_t handle, const Product& p, std::uint32_t alignment) {
    const cudaDataType_t type = p.dtype == DType::f32 ? CUDA_R_32F : CUDA_R_16BF;
    check(cublasLtMatmulDescInit(&product_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescInit");
    set(CUBLASLT_MATMUL_DESC_TRANSA, p.transposes_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, p.transposes_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (p.adds_bias)
      set(CUBLASLT_MATMUL_DESC_EPILOGUE,
          p.activation == Activation::relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS);
    describe(a_, type, p.rows, p.depth, p.transposes_a);
    describe(b_, type, p.depth, p.columns, p.transposes_b);
    describe(c_, type, p.rows, p.columns, false);
    choose_algorithm(handle, alignment);
  }

  void run(cublasLtHandle_t handle, cudaStream_t stream, const void* a, const void* b, const float* bias,
           void* c, void* scratch) {
    if (bias) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    const float one = 1, zero = 0;
    check(cublasLtMatmul(handle, &product_, &one, a, &a_, b, &b_, &zero, c, &c_, c, &c_, &algorithm_, scratch,
                         static_cast<std::size_t>(scratch_bytes), stream),
          "cublasLtMatmul");
  }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    check(cublasLtMatmulDescSetAttribute(&product_, attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  }

  static void describe(cublasLtMatrixLayoutOpaque_t& layout, cudaDataType_t type, std::int64_t rows,
                       std::int64_t columns, bool transposed) {
    if (transposed) std::swap(rows, columns);
    check(cublasLtMatrixLayoutInit(&layout, type, static_cast<std::uint64_t>(rows),
                                   static_cast<std::uint64_t>(columns), rows),
          "cublasLtMatrixLayoutInit");
  }

  void choose_algorithm(cublasLtHandle_t handle, std::uint32_t alignment) {
    cublasLtMatmulPreferenceOpaque_t preference;
    check(cublasLtMatmulPreferenceInit(&preference), "cublasLtMatmulPreferenceInit");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      check(cublasLtMatmulPreferenceSetAttribute(&preference, attribute, &value, sizeof value),
            "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(scratch_bytes));
    // In place, blocks would add in the order of their arrival.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           std::uint32_t{CUBLASLT_REDUCTION_SCHEME_MASK & ~CUBLASLT_REDUCTION_SCHEME_INPLACE});
    for (const auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(attribute, alignment);
    cublasLtMatmulHeuristicResult_t result = {};
    int found = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle, &product_, &a_, &b_, &c_, &c_, &preference, 1, &result,
                                         &found),
          "cublasLtMatmulAlgoGetHeuristic");
    require(found > 0, ErrorKind::device, "convolution: cuBLAS has no algorithm for a product");
    algorithm_ = result.algo;
  }

  cublasLtMatmulDescOpaque_t product_;
  cublasLtMatrixLayoutOpaque_t a_, b_, c_;
  cublasLtMatmulAlgo_t algorithm_;
};

// The context's handle and its plans. Programs that meet ever new sizes must not collect them for ever, so a full cache
// starts anew.
class Cache {
 public:
  Cache() { check(cublasLtCreate(&handle), "cublasLtCreate"); }
  ~Cache() { static_cast<void>(cublasLtDestroy(handle)); }
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  Plan& find(const Product& product, std::uint32_t alignment) {
    const auto key = std::make_pair(product, alignment);
    const auto found = plans_.find(key);
    if (found != plans_.end()) return found->second;
    if (plans_.size() >= capacity) plans_.clear();
    return plans_.try_emplace(key, handle, product, alignment).first->second;
  }

  cublasLtHandle_t handle = nullptr;

 private:
  static constexpr std::size_t capacity = 512;
  std::map<std::pair<Product, std::uint32_t>, Plan> plans_;
};

}  // namespace

void multiply(Context& context, const Product& product, const void* a, const void* b, const float* bias,
              void* c, void* scratch) {
  auto& cache = context.attachment<Cache>();
  cache.find(product, alignment_of({a, b, c, bias}))
      .run(cache.handle, attune::cuda::stream_of(context), a, b, product.adds_bias ? bias : nullptr, c,
           scratch);
}

}  // namespace attune::convolution::cublas
