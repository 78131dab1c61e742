#include "kernels/convolution/onednn.h"

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#else
// oneDNN brings libgomp with it even where attune is built without OpenMP. Weak, because attune itself is not
// linked to it then.
extern "C" {
[[gnu::weak]] int omp_get_max_threads();
[[gnu::weak]] void omp_set_num_threads(int threads);
}
#endif

namespace attune::convolution::onednn {

using dnnl::memory;

namespace {

std::int64_t round_to_line(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 63) / 64 * 64); }

memory::desc scratchpad_of(const dnnl::primitive_desc_base& description) {
  return description ? description.query_md(dnnl::query::scratchpad_md) : memory::desc();
}

dnnl::primitive_attr with_user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace

namespace {

#ifdef _OPENMP
constexpr bool has_threads = true;
int most_threads() { return omp_get_max_threads(); }
void set_most_threads(int threads) { omp_set_num_threads(threads); }
#else
constexpr bool has_threads = false;  // one, as everywhere in such a build
int most_threads() { return omp_get_max_threads ? omp_get_max_threads() : 1; }
void set_most_threads(int threads) {
  if (omp_set_num_threads) omp_set_num_threads(threads);
}
#endif

}  // namespace

ThreadCount::ThreadCount(int threads) : threads_(has_threads ? threads : 1), previous_(most_threads()) {
  set_most_threads(threads_);
}
ThreadCount::~ThreadCount() { set_most_threads(previous_); }

void ThreadCount::with_callers(const std::function<void()>& run) const {
  set_most_threads(previous_);
  run();
  set_most_threads(threads_);
}

bool has_bfloat16() {
  const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

Call::Call(const dnnl::engine& engine, const dnnl::primitive_desc_base& description,
           std::initializer_list<Argument> arguments)
    : primitive_(description.get()) {
  const auto add = [&](int index, const memory::desc& desc) {
    memories_.emplace_back(desc, engine, nullptr);
    arguments_.push_back({index, memories_.back().get()});
  };
  for (const Argument& argument : arguments) add(argument.index, argument.description);
  add(DNNL_ARG_SCRATCHPAD, scratchpad_of(description));
}

// The C function, because the C++ one builds a map of arguments and a vector from it at each call.
void Call::run(const dnnl::stream& stream, std::initializer_list<const void*> addresses,
               void* scratchpad) const {
  auto memory = memories_.begin();
  for (const void* address : addresses) (memory++)->set_data_handle(const_cast<void*>(address), stream);
  memory->set_data_handle(scratchpad, stream);
  dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), stream.get(),
                                                 static_cast<int>(arguments_.size()), arguments_.data()),
                          "could not execute a primitive");
  dnnl::error::wrap_c_api(dnnl_stream_wait(stream.get()), "could not wait on a stream");
}

Products::Products(const Problem& p) : problem_(p) {
  using Format = memory::format_tag;
  const auto f32 = memory::data_type::f32;
  const auto activations = p.dtype == DType::bf16 ? memory::data_type::bf16 : f32;
  const memory::dims weights{p.outputs, p.inputs, p.kernel_height, p.kernel_width};
  x_ = {{p.batch, p.inputs, p.height, p.width}, activations, Format::nhwc};
  y_ = {{p.batch, p.outputs, p.output_height, p.output_width}, activations, Format::nhwc};
  bias_ = {{p.outputs}, f32, Format::a};
  plain_weights_ = {weights, f32, Format::ohwi};
  any_weights_ = {weights, activations, Format::any};
}

dnnl::primitive_desc_base Products::describe(Pass pass) const {
  const auto direct = dnnl::algorithm::convolution_direct;
  const memory::dims strides{problem_.stride, problem_.stride};
  const memory::dims before{problem_.padding_top, problem_.padding},
      after{problem_.padding_bottom, problem_.padding};
  const memory::dims dilation{problem_.dilation - 1, problem_.dilation - 1};  // oneDNN counts the gaps
  dnnl::primitive_attr attributes = with_user_scratchpad();
  if (problem_.activation != Activation::none) {
    dnnl::post_ops activation;
    activation.append_eltwise(1, dnnl::algorithm::eltwise_relu, problem_.slope, 0);
    attributes.set_post_ops(activation);
  }
  dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, direct, x_, any_weights_, bias_, y_, strides, dilation, before,
       after},
      attributes, engine_);
  if (pass == forward_pass) return forward;
  if (pass == data_pass)
    return dnnl::convolution_backward_data::primitive_desc(
        {direct, x_, any_weights_, y_, strides, dilation, before, after}, with_user_scratchpad(), engine_,
        forward);
  const memory::desc any_f32_weights(any_weights_.dims(), memory::data_type::f32, memory::format_tag::any);
  return dnnl::convolution_backward_weights::primitive_desc(
      {direct, x_, any_f32_weights, bias_, y_, strides, dilation, before, after}, with_user_scratchpad(),
      engine_, forward);
}

void Products::describe_reorders(Stage& stage, Pass pass) const {
  if (pass != weights_pass) {
    stage.packed = stage.product.query_md(dnnl::query::weights_md);
    stage.reorder =
        dnnl::reorder::primitive_desc(engine_, plain_weights_, engine_, stage.packed, with_user_scratchpad());
    return;
  }
  stage.packed = stage.product.query_md(dnnl::query::diff_weights_md);
  stage.reorder =
      dnnl::reorder::primitive_desc(engine_, stage.packed, engine_, plain_weights_, with_user_scratchpad());
  dnnl::primitive_attr adding = with_user_scratchpad();
  dnnl::post_ops sum;
  sum.append_sum();
  adding.set_post_ops(sum);
  stage.adding_reorder =
      dnnl::reorder::primitive_desc(engine_, stage.packed, engine_, plain_weights_, adding);
}

Products::Stage& Products::described(Pass pass) {
  Stage& stage = stages_[pass];
  if (stage.product) return stage;
  stage.product = describe(pass);
  describe_reorders(stage, pass);
  std::size_t scratchpad = 0;
  for (const auto* description : {&stage.product, &stage.reorder, &stage.adding_reorder})
    scratchpad = std::max(scratchpad, scratchpad_of(*description).get_size());
  stage.scratch_bytes = round_to_line(stage.packed.get_size()) + round_to_line(scratchpad);
  return stage;
}

Products::Stage& Products::compiled(Pass pass) {
  Stage& stage = described(pass);
  if (stage.run_product) return stage;
  const auto make = [&](const dnnl::primitive_desc_base& description,
                        std::initializer_list<Call::Argument> arguments) {
    return std::make_unique<Call>(engine_, description, arguments);
  };
  if (pass == weights_pass) {
    stage.run_reorder = make(stage.reorder, {{DNNL_ARG_FROM, stage.packed}, {DNNL_ARG_TO, plain_weights_}});
    stage.run_adding_reorder =
        make(stage.adding_reorder, {{DNNL_ARG_FROM, stage.packed}, {DNNL_ARG_TO, plain_weights_}});
    stage.run_product = make(stage.product, {{DNNL_ARG_SRC, x_},
                                             {DNNL_ARG_DIFF_DST, y_},
                                             {DNNL_ARG_DIFF_WEIGHTS, stage.packed},
                                             {DNNL_ARG_DIFF_BIAS, bias_}});
    return stage;
  }
  stage.run_reorder = make(stage.reorder, {{DNNL_ARG_FROM, plain_weights_}, {DNNL_ARG_TO, stage.packed}});
  if (pass == forward_pass)
    stage.run_product = make(
        stage.product,
        {{DNNL_ARG_SRC, x_}, {DNNL_ARG_WEIGHTS, stage.packed}, {DNNL_ARG_BIAS, bias_}, {DNNL_ARG_DST, y_}});
  else
    stage.run_product = make(
        stage.product, {{DNNL_ARG_DIFF_DST, y_}, {DNNL_ARG_WEIGHTS, stage.packed}, {DNNL_ARG_DIFF_SRC, x_}});
  return stage;
}

// Behind the packed weights.
void* Products::scratchpad_in(void* scratch, const Stage& stage) {
  return static_cast<char*>(scratch) + round_to_line(stage.packed.get_size());
}

std::int64_t Products::packed_bytes() { return round_to_line(described(forward_pass).packed.get_size()); }

void Products::pack(const float* weights, void* packed, void* scratch) {
  const Stage& stage = compiled(forward_pass);
  stage.run_reorder->run(stream_, {weights, packed}, scratchpad_in(scratch, stage));
}

void Products::forward_packed(const void* x, const void* packed, const float* bias, void* y, void* scratch) {
  const Stage& stage = compiled(forward_pass);
  stage.run_product->run(stream_, {x, packed, bias, y}, scratchpad_in(scratch, stage));
}

Products& Products::of_band(const Band& band) {
  std::unique_ptr<Products>& products = bands_[band.problem];
  if (!products) products = std::make_unique<Products>(band.problem);
  return *products;
}

bool Products::runs_in_bands(std::int64_t rows) {
  const Stage& whole = described(forward_pass);
  const std::int64_t height = problem_.output_height;
  for (std::int64_t begin = 0; begin < height; begin += rows) {
    const Stage& band = of_band({problem_, begin, std::min(begin + rows, height)}).described(forward_pass);
    if (band.packed != whole.packed || band.scratch_bytes > whole.scratch_bytes) return false;
  }
  return true;
}

void Products::forward_band(const Band& band, const void* x, const void* packed, const float* bias, void* y,
                            void* scratch) {
  const std::int64_t x_row = problem_.width * problem_.inputs * size_of(problem_.dtype);
  const std::int64_t y_row = problem_.output_width * problem_.outputs * size_of(problem_.dtype);
  of_band(band).forward_packed(static_cast<const char*>(x) + band.first_input * x_row, packed, bias,
                               static_cast<char*>(y) + band.first_output * y_row, scratch);
}

void Products::backward_data(const void* dz, const float* weights, void* dx, void* scratch) {
  const Stage& stage = compiled(data_pass);
  void* const scratchpad = scratchpad_in(scratch, stage);
  stage.run_reorder->run(stream_, {weights, scratch}, scratchpad);
  stage.run_product->run(stream_, {dz, scratch, dx}, scratchpad);
}

void Products::backward_weights(const void* x, const void* dz, GradientMode mode, float* dweights,
                                float* dbias, void* scratch) {
  const Stage& stage = compiled(weights_pass);
  void* const scratchpad = scratchpad_in(scratch, stage);
  stage.run_product->run(stream_, {x, dz, scratch, dbias}, scratchpad);
  const auto& reorder = mode == GradientMode::accumulate ? stage.run_adding_reorder : stage.run_reorder;
  reorder->run(stream_, {scratch, dweights}, scratchpad);
}

Products& Cache::find(const Problem& problem) {
  const auto found = products_.find(problem);
  if (found != products_.end()) return found->second;
  if (products_.size() >= capacity) products_.clear();
  return products_.try_emplace(problem, problem).first->second;
}

}  // namespace attune::convolution::onednn
