#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace steno::cli {

/// Says on a terminal for how long one answer is being waited for, from a second on: of a question that can
/// take many, and tells nothing on its way. A thread of its own does, until over().
class Waiting {
  public:
    /// "looking back: 3 s; it takes 20 s at most"; both live as long as it does.
    Waiting(const char* what, const char* note);
    ~Waiting() { over(); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    /// Takes the line away: before anything else is printed.
    void over();

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;  // the last: it uses the others
};

}  // namespace steno::cli
