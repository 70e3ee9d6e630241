#pragma once

#include "ingest/recorder.hpp"
#include "prompt_types/rules.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace steno::prompt_types {

/// AI calls that are over as lines of the server's log: as much of each as the settings of its kind say
/// (log_level), and no more than is kept of it. What is masked or cut there is so here, and of calls that do
/// not keep their texts there are none.
///
/// Written by a thread of its own: whoever reads the log slowly holds up no call. What finds no room waiting
/// is left out, and a line says how many.
class CallLog final : public ingest::Consumer {
  public:
    static constexpr std::size_t kMaxWaitingBytes = 4u << 20;
    static constexpr std::size_t kMostText = 16u << 10;  ///< bytes of a prompt or answer in a line

    struct Line {
        std::string text;
        bool failed = false;
    };
    using Write = std::function<void(const Line&)>;
    /// `rules` must outlive it. `write` is called on the thread: by itself it writes to the program's log.
    explicit CallLog(const Rules& rules, Write write = {});
    /// Writes what waits.
    ~CallLog() override;
    CallLog(const CallLog&) = delete;
    CallLog& operator=(const CallLog&) = delete;

    void call_began(const Call&) override {}
    void call_ended(const Call& call) override;

  private:
    void run();

    const Rules& rules_;
    const Write write_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Line> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::uint64_t left_out_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

/// One line, without its end.
std::string log_line(const Call& call, LogLevel level);

}  // namespace steno::prompt_types
