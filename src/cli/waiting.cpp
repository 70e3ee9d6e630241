#include "cli/waiting.hpp"

#include "cli/terminal.hpp"

#include <chrono>
#include <cstdint>

namespace steno::cli {

Waiting::Waiting(const char* what, const char* note)
    : thread_([this, what, note] {
          Progress progress(what);
          std::unique_lock lock(mutex_);
          for (std::uint64_t seconds = 1;
               !changed_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; }); ++seconds)
              progress.at(seconds, 0, note);
      }) {}

void Waiting::over() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

}  // namespace steno::cli
