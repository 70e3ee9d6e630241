#pragma once

#include "base/error.hpp"
#include "client/connection.hpp"
#include "client/prompt_data.hpp"
#include "client/prompt_folder.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace steno::client {

/// A question that the server was asked, for one thread to wait for. It may be left alone before it is
/// answered.
class Asked {
  public:
    /// Absent: the answer has not come within this time. Once it has, it is not to be asked for again.
    std::optional<Result<std::string>> answer_within(std::chrono::milliseconds time);

  private:
    friend class PromptCache;
    /// Waited for by one thread, answered by another.
    struct Waiting {
        std::mutex mutex;
        std::condition_variable answered;
        std::optional<Result<std::string>> answer;
    };
    std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
};

/// Prompts that this process has fetched, and how they are fetched: one a process, for as long as it lives.
/// Any thread. Works whether recording is on or off: so it has a connection of its own, made when it is first
/// needed.
///
/// Of each question (a name with a label or a version) the last good answer stays for good. `checked` is when
/// the server last said that it holds. After a try that failed, the next one waits a little. Beyond
/// kMostQuestions, or kMostBytes of answers, those go that nobody has asked for the longest.
class PromptCache {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kMostQuestions = 1000;
    static constexpr std::size_t kMostBytes = 64u << 20;

    static PromptCache& current();

    /// Whoever asks has done so since `began`. The server is waited for as long as `options.patience` says,
    /// counted from when it was asked, be it for somebody else; but no longer than `at_most` here. Absent:
    /// that is over, and patience is not; to be asked once more with the same `began`.
    std::optional<Prompt> get(std::string_view name, const PromptOptions& options, Clock::time_point began,
                              std::chrono::milliseconds at_most);
    /// Any other question of the server's, for as long as `patience` says: its answer, if that is a 200.
    Result<Asked> ask(std::string path, std::chrono::milliseconds patience);

  private:
    struct Entry {
        std::string path;                          ///< of the request
        std::shared_ptr<const Prompt::Data> data;  ///< null: nothing to be served yet
        std::shared_ptr<const Prompt::Data> why;   ///< of the last try that failed; null: it did not
        std::string entity_tag;                    ///< of `data`
        std::optional<Clock::time_point> checked;
        Clock::time_point failed{};  ///< the last try, where there is `why`
        bool asking = false;
        Clock::time_point asked{};   ///< since when, where it is asking
        Clock::time_point wanted{};  ///< last
        std::size_t bytes = 0;       ///< of the answer that `data` is of
        bool has_looked = false;     ///< whether a process before has left it in the folder
        std::uint64_t tries = 0;     ///< that are over
    };
    /// Where prompts come from, and where they are kept.
    struct Home {
        std::string server;
        std::string api_key;
        std::string spool_folder;
        std::uint64_t max_spool_bytes = 0;
        std::unique_ptr<Connection> connection;  ///< null: not yet
        [[nodiscard]] PromptFolder folder() const { return {spool_folder, max_spool_bytes}; }
    };
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    PromptCache();
    static void before_fork() noexcept;
    static void after_fork_in_parent() noexcept;
    static void after_fork_in_child() noexcept;
    static void at_exit() noexcept;

    using Lock = std::unique_lock<std::mutex>;
    /// To where recording was last started for. What was for another server is forgotten.
    void heed_options(Lock& lock);
    Result<Connection*> connection();
    void begin(const std::shared_ptr<Entry>& entry, std::string_view question);
    void take(Entry& entry, const Connection& from, Result<Connection::Answer> answer,
              const PromptFolder& folder, const std::string& file);
    void note_failure(Entry& entry, const Error& error, bool unknown);
    /// `why`: the server cannot be asked.
    void look_into_folder(Lock& lock, Entry& entry, std::string_view question, const std::string& why);
    /// Of others than this one.
    void make_room(const Entry& entry);

    std::mutex mutex_;
    std::condition_variable answered_;
    std::optional<std::uint64_t> starts_;  ///< Tracker::starts, when the options were last looked at
    Home home_;
    std::unordered_map<std::string, std::shared_ptr<Entry>, Hash, std::equal_to<>> entries_;
    bool closed_ = false;  ///< the program is ending
};

}  // namespace steno::client
