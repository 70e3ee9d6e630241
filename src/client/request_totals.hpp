#pragma once

#include "base/decimal.hpp"
#include "steno/call.hpp"
#include "steno/context.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The summary that a program can print at the end of each of its requests (TrackingOptions::print_summary).
namespace steno::client {

/// What the calls of one request add up to so far. Only calls that reach a model count for tokens and cost:
/// an agent that repeats its calls' usage is not counted twice. (The same rule as that of /api/v1/requests.)
/// Any thread.
class RequestTotals {
  public:
    RequestTotals();

    /// A call that ends, while the draft has its context.
    void add(const CallScope::Draft& draft);
    /// A call that a gateway of ours has on the record: only that there was one is known here.
    void add_relayed();
    /// The summary, at most kLongest bytes; empty if there were no calls, or it was asked for before.
    std::string take_text(std::string_view request_id, std::string_view record);

    static constexpr std::size_t kLongest = 4096;  ///< PIPE_BUF: one write, without waiting

  private:
    struct Named {
        std::int64_t calls = 0;
        std::int64_t nanos = 0;
        std::optional<std::int64_t> own_tokens;  ///< of an agent or a function: of the AI calls in it itself
        std::optional<std::int64_t> tokens;      ///< and in those within it
    };
    using ByName = std::map<std::string, Named>;
    /// Null: there are enough names already, or it is none.
    static Named* named(ByName& names, std::string_view name);
    static void note(ByName& names, std::string_view name, std::int64_t calls, std::int64_t nanos);
    /// An AI call in `own`, within `outer`.
    static void use(ByName& names, const std::string& own, const std::vector<std::string>& outer,
                    std::optional<std::int64_t> tokens);
    [[nodiscard]] std::string tokens() const;
    static std::string list(std::string_view head, const ByName& names);

    const int process_;  ///< a forked child's calls are not this request's, nor is its end
    std::mutex mutex_;
    const std::int64_t began_;  ///< steady
    bool taken_ = false;
    std::int64_t calls_ = 0;
    std::int64_t ai_calls_ = 0;
    std::int64_t failed_ = 0;
    std::int64_t relayed_ = 0;
    std::optional<std::int64_t> input_;  ///< none: no call told it
    std::optional<std::int64_t> output_;
    std::int64_t without_usage_ = 0;
    std::map<std::string, Decimal> cost_;  ///< that the providers told, by currency
    std::int64_t with_cost_ = 0;
    ByName agents_;
    ByName functions_;
    ByName models_;
};

/// Is a summary wanted of requests that begin now? By the options that recording was last begun with, or by
/// STENO_PRINT_SUMMARY=1.
bool summaries_wanted() noexcept;
void set_summaries_wanted(bool wanted) noexcept;

/// Notes in the context's request, if it has one, that a gateway has recorded a call of it.
void note_relayed(const Context& context) noexcept;

/// The context's request is over: prints its summary to standard error, once, in one write, if it is wanted.
/// What cannot take it at once does without.
void end_request(const Context& context) noexcept;

}  // namespace steno::client
