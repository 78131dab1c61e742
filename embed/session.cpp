#include "embed/session.h"

#include <algorithm>

#include "embed/input.h"
#include "embed/output.h"
#include "embed/tiles.h"

namespace attune {

namespace {

// The parts of one picture's work, for the monitor: seen whole, and in tiles.
struct Shares {
  double input, network, tiles, output;
};
constexpr Shares seen_whole = {0.2, 0.5, 0, 0.3}, in_tiles = {0.05, 0.1, 0.75, 0.1};

Device device_of(const attune_session_options& options) {
  if (options.device < 0) return {};
  return {DeviceKind::cuda, options.device};
}

}  // namespace

Session::Session(std::shared_ptr<const Model> model, const attune_session_options& options,
                 const Allocator& allocator)
    : monitor_(options),
      context_(device_of(options), options.threads, allocator),
      host_({}, options.threads, allocator),
      model_(std::move(model), device_of(options)) {}

// The value itself where it lies on the CPU.
TensorView Session::on_host(ValueId value, const HostBuffer& twin) const {
  return context_.device().kind == DeviceKind::cpu ? network_->graph.value(value) : twin.view();
}

Session::Job Session::checked_job(const attune_picture& picture, bool inverted) const {
  Job job;
  job.picture = checked(picture);
  job.kind = kind_of_mask(job.picture, inverted);
  job.network = network_size(model_.model().description(), job.picture.size);
  job.in_tiles = job.network.height * job.network.width > most_whole_pixels;
  if (job.in_tiles) job.network = overview_size(job.picture.size);
  return job;
}

std::vector<Session::Job> Session::checked_jobs(const std::vector<attune_picture>& pictures,
                                                const attune_harmonize_options& options) const {
  require(options.strength >= 0 && options.strength <= 1, ErrorKind::argument, "strength is ",
          options.strength, ", expected 0 to 1");
  Jobs jobs;
  for (const attune_picture& picture : pictures) {
    try {
      jobs.push_back(checked_job(picture, options.invert != 0));
    } catch (const Error& error) {
      if (pictures.size() == 1) throw;
      fail(error.kind(), "picture ", jobs.size(), ": ", error.what());
    }
  }
  return jobs;
}

std::vector<attune_mask_kind> Session::harmonize(const std::vector<attune_picture>& pictures,
                                                 const attune_harmonize_options& options) {
  const Jobs jobs = checked_jobs(pictures, options);
  monitor_.start(static_cast<double>(jobs.size()));
  std::vector<attune_mask_kind> kinds;
  for (std::size_t next = 0; next < jobs.size(); next = kinds.size()) {
    const Job& job = jobs[next];
    if (job.kind != ATTUNE_MASK_BOTH || options.strength == 0) {  // exactly, whatever the network would say
      monitor_.advance(1);
      copy_picture(job.picture);
      kinds.push_back(job.kind);
      continue;
    }
    const std::size_t count = together(jobs, next);
    if (job.in_tiles)
      harmonize_in_tiles(job, options);
    else
      harmonize_together(&job, count, options);
    kinds.insert(kinds.end(), count, ATTUNE_MASK_BOTH);
  }
  monitor_.finish();
  return kinds;
}

// How many of the jobs from `first` on pass through the network at once. On the CPU more at once gain little and let a
// cancelling caller wait; a GPU is hardly busy with one.
std::size_t Session::together(const Jobs& jobs, std::size_t first) const {
  const std::int64_t most_pixels = context_.device().kind == DeviceKind::cpu ? 1 << 18 : 1 << 21;
  const PictureSize& size = jobs[first].network;
  if (jobs[first].in_tiles) return 1;
  const std::int64_t most = std::max<std::int64_t>(1, most_pixels / (size.height * size.width));
  std::size_t count = 1;
  while (first + count < jobs.size() && static_cast<std::int64_t>(count) < most &&
         jobs[first + count].network == size && jobs[first + count].kind == ATTUNE_MASK_BOTH &&
         !jobs[first + count].in_tiles)
    ++count;
  return count;
}

void Session::harmonize_together(const Job* jobs, std::size_t count,
                                 const attune_harmonize_options& options) {
  plan(jobs[0].network, static_cast<std::int64_t>(count));
  for (std::size_t i = 0; i < count; ++i)
    load(jobs[i], static_cast<std::int64_t>(i), options.invert != 0, seen_whole.input);
  run_network(seen_whole.network * static_cast<double>(count));
  for (std::size_t i = 0; i < count; ++i)
    write(jobs[i], on_host(network_->result, result_twin_).slice(static_cast<std::int64_t>(i)), options,
          seen_whole.output);
}

void Session::harmonize_in_tiles(const Job& job, const attune_harmonize_options& options) {
  plan(job.network, 1);
  load(job, 0, options.invert != 0, in_tiles.input);
  run_network(in_tiles.network);
  Tensor result({job.picture.size.height, job.picture.size.width, 3}, DType::f32, {}, host_.allocator());
  fill_bytes(result.view().data, {}, 0, result.view().bytes());
  Tiles(context_, model_.harmonizer())
      .run(job.picture, options.invert != 0, *network_, result.view(), monitor_, in_tiles.tiles);
  write(job, result.view(), options, in_tiles.output);
}

void Session::load(const Job& job, std::int64_t index, bool inverted, double share) {
  load_input(host_, job.picture, inverted, on_host(network_->composite, composite_twin_).slice(index),
             on_host(network_->mask, mask_twin_).slice(index), monitor_, share);
}

void Session::plan(const PictureSize& network, std::int64_t count) {
  if (network_ && network_->size == network && network_->pictures == count) return;
  network_.reset();  // first, so that old and new are never held together
  network_ = std::make_unique<InferenceGraph>(context_, model_.harmonizer(), network, count);
  network_->graph.pack_parameters(context_);  // a loaded model doesn't change
  monitor_.log(ATTUNE_LOG_DEBUG,
               text("planned for ", count, " pictures of ", network.width, "x", network.height, ": ",
                    network_->graph.arena_bytes() >> 10, " KiB of activations"));
  if (context_.device().kind == DeviceKind::cpu) return;
  const auto twin_of = [&](ValueId value) {
    const TensorSpec& spec = network_->graph.spec(value);
    return HostBuffer(spec.shape, spec.dtype, context_.device());
  };
  composite_twin_ = twin_of(network_->composite);
  mask_twin_ = twin_of(network_->mask);
  result_twin_ = twin_of(network_->result);
}

void Session::run_network(double share) {
  const bool on_device = context_.device().kind != DeviceKind::cpu;
  if (on_device) {
    copy_async(context_, network_->graph.value(network_->composite), composite_twin_.view());
    copy_async(context_, network_->graph.value(network_->mask), mask_twin_.view());
  }
  const double pass_share = share / static_cast<double>(network_->passes);
  network_->graph.observer = [&](const Pass&, const std::function<void()>& run) {
    monitor_.advance(pass_share);
    run();
  };
  network_->graph.forward(context_);
  if (!on_device) return;
  copy_async(context_, result_twin_.view(), network_->graph.value(network_->result));
  context_.synchronize();
}

void Session::write(const Job& job, const TensorView& result, const attune_harmonize_options& options,
                    double share) {
  Output output;
  output.head = model_.harmonizer().options().head;
  output.result = result;
  output.scale = transform_scale(model_.harmonizer(), network_->size, job.picture.size);
  output.inverted = options.invert != 0;
  output.strength = options.strength;
  write_output(host_, job.picture, output, monitor_, share);
}

}  // namespace attune
