// Ctrl-C and SIGTERM as a flag that long work looks at between two steps. A second signal ends the program at once.
#pragma once

namespace attune::tools {

// Installs the handlers; the destructor puts the earlier ones back. One at a time.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // The signal that came (SIGINT or SIGTERM), or 0.
  static int received();
};

}  // namespace attune::tools
