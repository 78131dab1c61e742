#include "embed/session.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "embed/input.h"
#include "embed/output.h"

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
      has_callers_stream_(options.stream != nullptr),
      context_(device_of(options), options.threads, allocator, options.stream),
      host_({}, options.threads, allocator),
      model_(std::move(model), device_of(options)) {}

Session::Handle Session::make(std::shared_ptr<const Model> model, const attune_session_options& options,
                              const Allocator& allocator) {
  const CurrentDevice current(device_of(options));
  return Handle(new Session(std::move(model), options, allocator));
}

void Session::Free::operator()(Session* session) const noexcept {
  std::optional<CurrentDevice> current;  // until the session is freed
  const std::unique_ptr<Session> freed(session);
  try {
    current.emplace(session->context_.device());
    session->context_.synchronize();
  } catch (const std::exception&) {  // what its work failed of, with nobody left to be told
  }
}

Session::Job Session::checked_job(const attune_picture& picture, bool inverted) const {
  const Harmonizer& harmonizer = model_.harmonizer();
  Job job;
  job.picture = checked(picture, context_.device());
  require(!job.picture.on_device || has_callers_stream_, ErrorKind::unsupported,
          "pictures in device memory need a session with the caller's stream");
  job.kind = kind_of_mask(job.picture, inverted, monitor_);
  job.network = network_size(model_.model().description(), job.picture.size);
  job.in_tiles = harmonizer.options().head == Head::blend && needs_tiles(job.network, harmonizer.stride());
  if (job.in_tiles) job.network = overview_size(job.picture.size, harmonizer.stride());
  return job;
}

// `work`, whose refusals name the picture where there are several.
template <class Work>
auto Session::of_picture(std::size_t index, std::size_t count, const Work& work) const {
  try {
    return work();
  } catch (const Error& error) {
    if (count == 1 || error.kind() == ErrorKind::cancelled) throw;
    fail(error.kind(), "picture ", index, ": ", error.what());
  }
}

std::vector<attune_mask_kind> Session::harmonize(const std::vector<attune_picture>& pictures,
                                                 const attune_harmonize_options& options) {
  require(options.strength >= 0 && options.strength <= 1, ErrorKind::argument, "strength is ",
          options.strength, ", expected 0 to 1");
  const CurrentDevice current(context_.device());
  monitor_.start(static_cast<double>(pictures.size()));
  Jobs jobs;
  for (const attune_picture& picture : pictures)
    jobs.push_back(
        of_picture(jobs.size(), pictures.size(), [&] { return checked_job(picture, options.invert != 0); }));
  std::vector<attune_mask_kind> kinds;
  while (kinds.size() < jobs.size()) {
    const std::size_t count = harmonize_next(jobs, kinds.size(), options);
    kinds.insert(kinds.end(), count, jobs[kinds.size()].kind);
  }
  monitor_.finish();
  return kinds;
}

// Returns how many pictures it did.
std::size_t Session::harmonize_next(const Jobs& jobs, std::size_t first,
                                    const attune_harmonize_options& options) {
  const Job& job = jobs[first];
  const bool changes = job.kind == ATTUNE_MASK_BOTH && options.strength > 0;
  if (!changes && !job.picture.on_device) {  // exactly, whatever the network would say
    copy_picture(job.picture, monitor_);
    monitor_.advance(1);
    return 1;
  }
  if (job.in_tiles) {
    harmonize_in_tiles(jobs, first, options);
    return 1;
  }
  const std::size_t count = together(jobs, first);
  harmonize_together(jobs, first, count, options);
  return count;
}

// How many of the jobs from `first` on pass through the network at once. On the CPU more at once gain little and let a
// cancelling caller wait; a GPU is hardly busy with one.
std::size_t Session::together(const Jobs& jobs, std::size_t first) const {
  const std::int64_t most_pixels = context_.device().kind == DeviceKind::cpu ? 1 << 18 : 1 << 21;
  const PictureSize& size = jobs[first].network;
  const auto most =
      static_cast<std::size_t>(std::max<std::int64_t>(1, most_pixels / (size.height * size.width)));
  const auto joins = [&](const Job& job) {
    return job.network == size && job.kind == jobs[first].kind && !job.in_tiles;
  };
  std::size_t count = 1;
  while (count < most && first + count < jobs.size() && joins(jobs[first + count])) ++count;
  return count;
}

void Session::harmonize_together(const Jobs& jobs, std::size_t first, std::size_t count,
                                 const attune_harmonize_options& options) {
  plan(jobs, first, count);
  for (std::size_t i = 0; i < count; ++i)
    of_picture(first + i, jobs.size(), [&] {
      load(jobs[first + i], static_cast<std::int64_t>(i), options.invert != 0, seen_whole.input);
    });
  network_->run(monitor_, seen_whole.network * static_cast<double>(count));
  for (std::size_t i = 0; i < count; ++i)
    write(jobs[first + i], static_cast<std::int64_t>(i), network_->result(static_cast<std::int64_t>(i)),
          options, seen_whole.output);
}

void Session::harmonize_in_tiles(const Jobs& jobs, std::size_t index,
                                 const attune_harmonize_options& options) {
  const Job& job = jobs[index];
  const bool inverted = options.invert != 0;
  plan(jobs, index, 1);
  // They hold as much memory as the picture takes, and a network's: in CPU memory for this call alone.
  std::unique_ptr<TiledNetwork> of_call;
  TiledNetwork& tiles = job.picture.on_device ? kept_tiles(job) : *(of_call = planned_tiles(job));
  load(job, 0, inverted, in_tiles.input);
  network_->run(monitor_, in_tiles.network);
  const TensorView result = tiles.run(context_of(job.picture), job.picture, inverted, in_tiles.tiles);
  write(job, 0, result, options, in_tiles.output);
}

std::unique_ptr<TiledNetwork> Session::planned_tiles(const Job& job) {
  return std::make_unique<TiledNetwork>(context_, model_.harmonizer(), job.picture.size, *network_, monitor_);
}

TiledNetwork& Session::kept_tiles(const Job& job) {
  const bool fit = tiles_ && tiles_->size() == job.picture.size;
  if (!fit || !tiles_->has_run()) refuse_to_be_captured();
  if (fit) return *tiles_;
  tiles_.reset();  // first, so that old and new are never held together
  tiles_ = planned_tiles(job);
  return *tiles_;
}

void Session::plan(const Jobs& jobs, std::size_t first, std::size_t count) {
  const Job& job = jobs[first];
  const auto pictures = static_cast<std::int64_t>(count);
  const Device outside = context_of(job.picture).device();
  const auto begin = jobs.begin() + static_cast<std::ptrdiff_t>(first);
  const bool with_shares = std::any_of(begin, begin + static_cast<std::ptrdiff_t>(count),
                                       [](const Job& each) { return each.picture.ignored.data != nullptr; });
  const bool fits = network_ && network_->size() == job.network && network_->pictures() == pictures &&
                    network_->outside() == outside && (network_->has_shares() || !with_shares);
  if (!fits || !network_->has_run()) refuse_to_be_captured();
  if (fits) return;
  monitor_.ask();
  tiles_.reset();
  network_.reset();  // first, so that old and new are never held together
  if (job.picture.on_device) backgrounds_ = Tensor({pictures}, DType::i32, outside);
  network_ = std::make_unique<NetworkRun>(context_, model_.harmonizer(), job.network, pictures, outside,
                                          with_shares, monitor_);
  monitor_.log(ATTUNE_LOG_DEBUG,
               text("planned for ", count, " pictures of ", job.network.width, "x", job.network.height, ": ",
                    network_->arena_bytes() >> 10, " KiB of activations"));
}

// Before what a first call allocates, itself or in libraries.
void Session::refuse_to_be_captured() const {
  require(!context_.is_captured(), ErrorKind::argument,
          "a session must have harmonized such pictures before it is captured: it allocates memory for them");
}

// Null on the CPU, where a mask was looked at beforehand.
std::int32_t* Session::has_background(const Picture& picture, std::int64_t index) {
  return picture.on_device ? backgrounds_.as<std::int32_t>() + index : nullptr;
}

void Session::load(const Job& job, std::int64_t index, bool inverted, double share) {
  if (job.picture.on_device) set_zero(context_, {has_background(job.picture, index), {1}, context_.device()});
  load_input(context_of(job.picture), job.picture, inverted, network_->input(index),
             has_background(job.picture, index), monitor_, share);
}

void Session::write(const Job& job, std::int64_t index, const TensorView& result,
                    const attune_harmonize_options& options, double share) {
  Output output;
  output.head = model_.harmonizer().options().head;
  output.result = result;
  output.scale = transform_scale(model_.harmonizer(), network_->size(), job.picture.size);
  output.inverted = options.invert != 0;
  output.strength = options.strength;
  output.enabled = has_background(job.picture, index);
  write_output(context_of(job.picture), job.picture, output, monitor_, share);
}

}  // namespace attune
