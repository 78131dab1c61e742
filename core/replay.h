// Replay: work that is enqueued again and again with the same kernels and memory, given to a GPU as one CUDA graph.
#pragma once

#include <functional>
#include <memory>

#include "core/context.h"

namespace attune {

class Replay {
 public:
  // Enqueues what `work` enqueues on the context's stream. The first run is enqueued as it is, for the libraries choose
  // algorithms and allocate in it. Later ones are captured and launched whole; `work` is called each time, so that
  // arguments that change from run to run (a step's number, a learning rate) take effect. It must not allocate,
  // synchronize or copy from pageable memory then: ErrorKind::device. On the CPU work() is just called.
  void run(Context& context, const std::function<void()>& work);

 private:
  void capture(Context& context, const std::function<void()>& work);

  struct Deleter {
    void operator()(void* executable) const noexcept;
  };
  bool warm_ = false;
  std::unique_ptr<void, Deleter> executable_;  // a cudaGraphExec_t
};

}  // namespace attune
