#pragma once

#include "steno/context.hpp"
#include "steno/kinds.hpp"
#include "steno/tracking.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// A call being recorded by hand.
///
///     steno::AiCall call("openai", "gpt-4o-mini");
///     call.message("user", prompt);
///     std::string answer = ask(prompt);
///     call.output(answer).usage({.input_tokens = 12, .output_tokens = 34});
namespace steno {

/// What programs may call them that have a Kind or an ErrorType of their own.
using CallKind = Kind;
using Failure = ErrorType;

/// As the provider reported it. Absent is not zero.
struct TokenUsage {
    std::optional<std::int64_t> input_tokens = {};   ///< all input, cached included
    std::optional<std::int64_t> output_tokens = {};  ///< all output, reasoning included
    std::optional<std::int64_t> cache_read_tokens = {};
    std::optional<std::int64_t> cache_write_tokens = {};
    std::optional<std::int64_t> reasoning_tokens = {};
};

/// One call, from its construction to `end` or its destruction, which records it: as a success, or, if an
/// exception is passing by, as a failure. Costs a few microseconds and the copies of the texts. One thread
/// at a time; it may be moved to another. Nothing here throws or waits: what cannot be recorded is counted
/// (tracking_stats). With recording off every function returns at once. Names, ids and such are cut at what a
/// server takes (200 bytes, models 1000); numbers that cannot be (a cost below zero, a status that is none)
/// are left out.
class CallScope {
  public:
    CallScope(Kind kind, std::string_view name) noexcept;
    CallScope(Kind kind, std::string_view name, const Context& context) noexcept;
    CallScope(CallScope&& other) noexcept;
    CallScope& operator=(CallScope&&) = delete;
    ~CallScope();

    /// For calls below this one: its request, session and so on, and this as the parent.
    [[nodiscard]] Context context() const noexcept;
    /// The call's id, as the API and `steno calls show` know it; empty with recording off.
    [[nodiscard]] std::string id() const noexcept;
    /// False with recording off, or if its prompt type's level is Off: then what is said of it is not looked
    /// at.
    [[nodiscard]] bool recorded() const noexcept { return draft_ != nullptr; }
    /// Only for this call. MetricsOnly or Off forget what was said so far.
    CallScope& level(LogLevel level) noexcept;

    CallScope& provider(std::string_view name) noexcept;
    CallScope& model(std::string_view requested) noexcept;
    CallScope& served_model(std::string_view name) noexcept;
    /// A JSON object: temperature, max_tokens and such. What is not valid JSON is kept as a string.
    CallScope& parameters(std::string_view json) noexcept;
    CallScope& system(std::string_view text) noexcept;
    CallScope& message(std::string_view role, std::string_view text) noexcept;
    CallScope& tools(std::string_view json) noexcept;
    /// For functions, agents, retrieval, embeddings: what went in, as JSON.
    CallScope& input(std::string_view json) noexcept;

    /// The answer's text, whole or piece by piece. The first piece of a stream marks the time to first token.
    CallScope& output(std::string_view text) noexcept;
    CallScope& output_piece(std::string_view text) noexcept;
    CallScope& tool_call(std::string_view id, std::string_view name,
                         std::string_view arguments_json) noexcept;
    CallScope& finish_reason(std::string_view reason) noexcept;
    /// For functions, agents, retrieval: what came out, as JSON.
    CallScope& result(std::string_view json) noexcept;
    /// The answer as structured data, as JSON.
    CallScope& structured(std::string_view json) noexcept;

    CallScope& usage(const TokenUsage& usage) noexcept;
    /// What the provider said that it cost: a decimal number ("0.00021") and an ISO 4217 currency. Left
    /// out, where the one is no number or the other not of 3 to 8 letters.
    CallScope& cost(std::string_view amount, std::string_view currency = "USD") noexcept;
    CallScope& provider_request_id(std::string_view id) noexcept;
    CallScope& http_status(int status) noexcept;
    CallScope& retry(std::int64_t nth) noexcept;  ///< 1: the first retry of a client library

    CallScope& tag(std::string_view tag) noexcept;
    CallScope& attribute(std::string_view name, Attribute value) noexcept;
    CallScope& metadata(std::string_view json) noexcept;

    CallScope& fail(ErrorType why, std::string_view message) noexcept;
    CallScope& fail(std::string_view message) noexcept;
    /// Within a catch: the exception that is being handled.
    CallScope& fail_with_current_exception() noexcept;
    CallScope& partial() noexcept;    ///< the answer is not whole
    CallScope& cancelled() noexcept;  ///< the caller went away

    /// Records it. What is said afterwards is ignored.
    void end() noexcept;

    /// Implementation.
    struct Draft;
    [[nodiscard]] Draft* draft() const noexcept { return draft_; }

  private:
    void begin(Kind kind, std::string_view name, const Context& context) noexcept;

    Draft* draft_ = nullptr;
};

/// A call to a model.
class AiCall : public CallScope {
  public:
    AiCall(std::string_view provider, std::string_view model, Kind kind = Kind::Chat) noexcept
        : CallScope(kind, model) {
        CallScope::provider(provider).CallScope::model(model);
    }
    AiCall(std::string_view provider, std::string_view model, const Context& context,
           Kind kind = Kind::Chat) noexcept
        : CallScope(kind, model, context) {
        CallScope::provider(provider).CallScope::model(model);
    }
};

/// A function, timed, and current for what is called within: calls below are its children, and carry its
/// name. Not to be moved.
class Function : public CallScope {
  public:
    explicit Function(std::string_view name, std::string_view operation = {}) noexcept
        : CallScope(Kind::Function, name,
                    tracking() ? Context::current().with_function(name, operation) : Context()) {
        if (recorded()) scope_.emplace(context());
    }
    Function(Function&&) = delete;

  private:
    std::optional<ContextScope> scope_;
};

/// The same for an agent.
class Agent : public CallScope {
  public:
    explicit Agent(std::string_view name) noexcept
        : CallScope(Kind::Agent, name, tracking() ? Context::current().with_agent(name) : Context()) {
        if (recorded()) scope_.emplace(context());
    }
    Agent(Agent&&) = delete;

  private:
    std::optional<ContextScope> scope_;
};

}  // namespace steno
