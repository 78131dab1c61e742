// oneDNN's primitives for convolutions of one shape, made on first use and kept in the context's attachment.
// Private to this folder.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <array>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <vector>

#include "core/error.h"
#include "kernels/convolution/band.h"

namespace attune::convolution::onednn {

// Runs `body`; what oneDNN throws in it becomes an attune::Error.
template <class Body>
auto translate_errors(const Body& body) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    fail(ErrorKind::device, "convolution: oneDNN: ", error.what(), " (status ", error.status, ")");
  }
}

// Gives the OpenMP regions that this thread starts `threads` threads for its lifetime: oneDNN has no other way
// to be told, when a primitive is made as well as when it runs. The setting belongs to the calling thread, so
// contexts on other threads keep theirs.
class ThreadCount {
 public:
  explicit ThreadCount(int threads);
  ~ThreadCount();
  // Runs what is the caller's, with the number that it had.
  void with_callers(const std::function<void()>& run) const;
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int threads_, previous_;
};

// Whether oneDNN computes in bf16 on this CPU; its bf16 kernels need AVX-512.
bool has_bfloat16();

// A primitive and its memory objects, which hold no memory: a run sets their addresses.
class Call {
 public:
  struct Argument {
    int index;  // DNNL_ARG_SRC, ...
    dnnl::memory::desc description;
  };
  Call(const dnnl::engine& engine, const dnnl::primitive_desc_base& description,
       std::initializer_list<Argument> arguments);

  // `addresses` in the order of the constructor's arguments.
  void run(const dnnl::stream& stream, std::initializer_list<const void*> addresses, void* scratchpad) const;

 private:
  dnnl::primitive primitive_;
  std::vector<dnnl::memory> memories_;  // the arguments, then the scratchpad
  std::vector<dnnl_exec_arg_t> arguments_;
};

// The three products of one problem. Scratch is the caller's: 64-byte aligned and as large as the pass asks.
class Products {
 public:
  explicit Products(const Problem& problem);

  enum Pass : std::uint8_t { forward_pass, data_pass, weights_pass };
  std::int64_t scratch_bytes(Pass pass) { return described(pass).scratch_bytes; }

  // Forward's weights, packed (scratch begins with room for them); and forward with them.
  std::int64_t packed_bytes();
  void pack(const float* weights, void* packed, void* scratch);
  void forward_packed(const void* x, const void* packed, const float* bias, void* y, void* scratch);
  // The same in bands of so many output rows, if what is packed and the scratch serve each of these too.
  bool runs_in_bands(std::int64_t rows);
  void forward_band(const Band& band, const void* x, const void* packed, const float* bias, void* y,
                    void* scratch);

  void backward_data(const void* dz, const float* weights, void* dx, void* scratch);
  // dbias is overwritten in either mode.
  void backward_weights(const void* x, const void* dz, GradientMode mode, float* dweights, float* dbias,
                        void* scratch);

 private:
  // A product and the reorder between the parameters' layout and the packed one that the product wants.
  // Scratch holds the packed weights, then the scratchpad that both calls use in turn.
  struct Stage {
    dnnl::primitive_desc_base product, reorder, adding_reorder;
    dnnl::memory::desc packed;
    std::int64_t scratch_bytes = 0;  // kept, because asking oneDNN for it allocates
    std::unique_ptr<Call> run_product, run_reorder, run_adding_reorder;
  };
  static void* scratchpad_in(void* scratch, const Stage& stage);
  Stage& described(Pass pass);
  void describe_reorders(Stage& stage, Pass pass) const;
  Stage& compiled(Pass pass);
  dnnl::primitive_desc_base describe(Pass pass) const;
  Products& of_band(const Band& band);

  Problem problem_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::memory::desc x_, y_, bias_, plain_weights_, any_weights_;
  std::array<Stage, 3> stages_;
  std::map<Problem, std::unique_ptr<Products>> bands_;  // of which most are equal
};

// The context's products by problem. Programs that meet ever new picture sizes must not collect primitives for
// ever, so a full cache starts anew.
class Cache {
 public:
  Products& find(const Problem& problem);

 private:
  static constexpr std::size_t capacity =
      512;  // a few hundred KiB of code each at most; a network has about 40
  std::map<Problem, Products> products_;
};

}  // namespace attune::convolution::onednn
