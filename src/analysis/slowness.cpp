#include "analysis/slowness.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <optional>

namespace steno::analysis {

namespace {

double seconds(Duration duration) {
    return static_cast<double>(duration.nanos) / 1e9;
}

/// "847 ms", "6.1 s".
std::string told(Duration duration) {
    const double s = seconds(duration);
    return s < 1 ? fmt::format("{:.0f} ms", s * 1000) : fmt::format("{:.1f} s", s);
}

std::string tokens(std::int64_t count) {
    return fmt::format("{} token{}", count, count == 1 ? "" : "s");
}

/// One cause, and how much of the call's time it is.
struct Cause {
    Duration time{};
    std::string text;
};

}  // namespace

std::vector<std::string> slowness_fields() {
    return {"kind", "time", "usage.input_tokens", "usage.output_tokens", "attempts", "error.type", "status"};
}

std::string slowness(const Call& call) {
    const Duration whole = call.time.duration.value_or(Duration{});
    std::vector<Cause> causes;
    if (call.error.type == ErrorType::Timeout) causes.push_back({whole, "ended by a timeout"});
    if (call.time.queued && *call.time.queued > Duration{})
        causes.push_back({*call.time.queued, fmt::format("queued {}", told(*call.time.queued))});
    if (call.attempts.size() > 1) {
        Duration lost{};
        for (std::size_t i = 0; i + 1 < call.attempts.size(); ++i)
            lost.nanos += call.attempts[i].duration.value_or(Duration{}).nanos;
        const std::size_t again = call.attempts.size() - 1;
        causes.push_back({lost, fmt::format("{} failed attempt{} before took {}", again,
                                            again == 1 ? "" : "s", told(lost))});
    }
    const auto first = call.time.time_to_first_token;
    if (first) {
        causes.push_back({*first, call.usage.input_tokens
                                      ? fmt::format("{} until the first token ({} in)", told(*first),
                                                    tokens(*call.usage.input_tokens))
                                      : fmt::format("{} until the first token", told(*first))});
    }
    const Duration answering{whole.nanos - first.value_or(Duration{}).nanos};
    if (const auto out = call.usage.output_tokens; out && *out > 0 && answering > Duration{}) {
        causes.push_back(
            {first ? answering
                   : Duration{answering.nanos / 2},  // without the first token's time, how much is a guess
             fmt::format("an answer of {} at {:.0f}/s", tokens(*out),
                         static_cast<double>(*out) / seconds(answering))});
    }
    const Cause* greatest = nullptr;
    for (const Cause& cause : causes)
        if (greatest == nullptr || cause.time > greatest->time) greatest = &cause;
    if (greatest != nullptr) return greatest->text;
    if (call.kind == Kind::Agent) return "an agent: its calls together";
    if (!reaches_a_model(call.kind)) return "its own work";
    if (call.usage.input_tokens)
        return fmt::format("{} in, answered at once", tokens(*call.usage.input_tokens));
    return "its record does not tell";
}

}  // namespace steno::analysis
