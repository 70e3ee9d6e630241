#include "simulator/rate_limits.hpp"

#include "base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::simulator {

namespace {

constexpr std::int64_t kUsualReset = 60'000;

enum class Form : std::uint8_t { OpenAi, Azure, Anthropic, Mistral, Together, Cohere, None };

struct Named {
    std::string_view provider;
    Form form;
};
/// Any other speaks OpenAI's language.
constexpr std::array kForms{
    Named{"anthropic", Form::Anthropic}, Named{"azure", Form::Azure},   Named{"mistral", Form::Mistral},
    Named{"together", Form::Together},   Named{"cohere", Form::Cohere}, Named{"gemini", Form::None},
    Named{"vertex", Form::None},         Named{"bedrock", Form::None},  Named{"ollama", Form::None}};

Form form_of(std::string_view provider) {
    const auto found = std::ranges::find(kForms, provider, &Named::provider);
    return found == kForms.end() ? Form::OpenAi : found->form;
}

/// "6m0s", "1.5s", "120ms", as Go writes a duration.
std::string go_duration(std::int64_t ms) {
    if (ms < 1000) return fmt::format("{}ms", ms);
    const double seconds = static_cast<double>(ms % 60'000) / 1000;
    return ms < 60'000 ? fmt::format("{:g}s", seconds) : fmt::format("{}m{:g}s", ms / 60'000, seconds);
}

struct Count {
    std::string_view kind;  ///< "requests", "tokens"
    std::int64_t limit;
    std::int64_t remaining;
};

void set(net::Headers& headers, Form form, const Count& count, std::int64_t reset_ms) {
    const auto put = [&headers](const std::string& name, std::int64_t value) {
        headers.set(name, fmt::format("{}", value));
    };
    const bool requests = count.kind == "requests";
    switch (form) {
        case Form::OpenAi:
        case Form::Azure:
            put(fmt::format("x-ratelimit-limit-{}", count.kind), count.limit);
            put(fmt::format("x-ratelimit-remaining-{}", count.kind), count.remaining);
            if (form == Form::OpenAi) {
                headers.set(fmt::format("x-ratelimit-reset-{}", count.kind), go_duration(reset_ms));
            } else {
                put(fmt::format("x-ratelimit-reset-{}", count.kind), reset_ms);
                put(fmt::format("x-ratelimit-renewalperiod-{}", count.kind), 60);
            }
            return;
        case Form::Anthropic: {
            // The one place where the answer depends on the clock: this provider names moments.
            const std::int64_t seconds = (system_clock().now().unix_nanos / 1'000'000 + reset_ms) / 1000;
            std::string moment = Timestamp{seconds * 1'000'000'000, 0}.to_string();
            moment.replace(moment.find('.'), std::string::npos, "Z");
            put(fmt::format("anthropic-ratelimit-{}-limit", count.kind), count.limit);
            put(fmt::format("anthropic-ratelimit-{}-remaining", count.kind), count.remaining);
            headers.set(fmt::format("anthropic-ratelimit-{}-reset", count.kind), moment);
            return;
        }
        case Form::Mistral: {
            const std::string_view kind = requests ? "req-minute" : "tokens-minute";
            put(fmt::format("x-ratelimit-limit-{}", kind), count.limit);
            put(fmt::format("x-ratelimit-remaining-{}", kind), count.remaining);
            return;
        }
        case Form::Together:
            if (!requests) return;
            put("x-ratelimit-limit", count.limit);
            put("x-ratelimit-remaining", count.remaining);
            put("x-ratelimit-reset", (reset_ms + 999) / 1000);
            return;
        case Form::Cohere:
            if (!requests) return;
            put("x-trial-endpoint-call-limit", count.limit);
            put("x-trial-endpoint-call-remaining", count.remaining);
            return;
        case Form::None:
            return;
    }
}

}  // namespace

bool used_up(const Knobs& knobs) {
    return (knobs.limit_requests && knobs.remaining_requests == 0) ||
           (knobs.limit_tokens && knobs.remaining_tokens == 0);
}

net::Headers asking_for_refusal(const net::Headers& headers, const Knobs& knobs) {
    net::Headers asking = headers;
    asking.set("x-sim-error", "rate_limit");
    if (!knobs.retry_after) {
        const std::int64_t ms = knobs.reset_ms.value_or(kUsualReset);
        asking.set("x-sim-retry-after", fmt::format("{}", (ms + 999) / 1000));
    }
    return asking;
}

void set_limit_headers(Reply& reply, std::string_view provider) {
    const Knobs& knobs = reply.knobs;
    const Form form = form_of(provider);
    const std::int64_t reset_ms = knobs.reset_ms.value_or(kUsualReset);
    if (knobs.limit_requests) {
        const std::int64_t before = knobs.remaining_requests.value_or(*knobs.limit_requests);
        set(reply.headers, form, {"requests", *knobs.limit_requests, std::max<std::int64_t>(0, before - 1)},
            reset_ms);
    }
    if (knobs.limit_tokens) {
        // How many a request costs is the providers' secret; here it is always a hundred.
        constexpr std::int64_t kCost = 100;
        const std::int64_t before = knobs.remaining_tokens.value_or(*knobs.limit_tokens);
        set(reply.headers, form, {"tokens", *knobs.limit_tokens, std::max<std::int64_t>(0, before - kCost)},
            reset_ms);
    }
}

}  // namespace steno::simulator
