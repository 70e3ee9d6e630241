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
std::string told(double s) {
    return s < 1 ? fmt::format("{:.0f} ms", s * 1000) : fmt::format("{:.1f} s", s);
}

std::string tokens(std::int64_t count) {
    return fmt::format("{} token{}", count, count == 1 ? "" : "s");
}

/// One cause, and how much of the call's time it is.
struct Cause {
    double seconds = 0;
    std::string text;
};

}  // namespace

std::vector<std::string> slowness_fields() {
    return {"kind", "time", "usage.input_tokens", "usage.output_tokens", "attempts", "error.type", "status"};
}

std::string slowness(const Call& call) {
    const double whole = seconds(call.time.duration.value_or(Duration{}));
    std::vector<Cause> causes;
    if (call.error.type == ErrorType::Timeout) causes.push_back({whole, "ended by a timeout"});
    if (call.time.queued && *call.time.queued > Duration{})
        causes.push_back(
            {seconds(*call.time.queued), fmt::format("queued {}", told(seconds(*call.time.queued)))});
    if (call.attempts.size() > 1) {
        double lost = 0;
        for (std::size_t i = 0; i + 1 < call.attempts.size(); ++i)
            lost += seconds(call.attempts[i].duration.value_or(Duration{}));
        const std::size_t again = call.attempts.size() - 1;
        causes.push_back({lost, fmt::format("{} failed attempt{} before took {}", again,
                                            again == 1 ? "" : "s", told(lost))});
    }
    if (const auto first = call.time.time_to_first_token) {
        const std::string given =
            call.usage.input_tokens ? fmt::format(" ({} in)", tokens(*call.usage.input_tokens)) : "";
        causes.push_back(
            {seconds(*first), fmt::format("{} until the first token{}", told(seconds(*first)), given)});
        const double answering = whole - seconds(*first);
        if (const auto out = call.usage.output_tokens; out && *out > 0 && answering > 0)
            causes.push_back({answering, fmt::format("an answer of {} at {:.3g}/s", tokens(*out),
                                                     static_cast<double>(*out) / answering)});
    }
    const Cause* greatest = nullptr;
    for (const Cause& cause : causes)
        if (greatest == nullptr || cause.seconds > greatest->seconds) greatest = &cause;
    if (greatest != nullptr) return greatest->text;
    if (call.kind == Kind::Agent) return "an agent: its calls together";
    if (!reaches_a_model(call.kind)) return "its own work";
    if (call.usage.output_tokens.value_or(0) > 0)
        return call.usage.input_tokens
                   ? fmt::format("{} in, {} out", tokens(*call.usage.input_tokens), *call.usage.output_tokens)
                   : fmt::format("{} out", tokens(*call.usage.output_tokens));
    return "its record does not tell";
}

}  // namespace steno::analysis
