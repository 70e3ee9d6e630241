#include "base/json_writer.hpp"
#include "server/api.hpp"
#include "server/limits.hpp"
#include "server/query_parameters.hpp"

#include <algorithm>
#include <charconv>

namespace steno::server {

namespace {

constexpr std::int64_t kMs = 1'000'000;

struct Wanted {
    std::optional<std::string_view> provider, api_key_id, model;
    std::optional<bool> exhausted;
    std::size_t most = 100;
};

Result<Wanted> wanted(const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"provider", "api_key_id", "model", "exhausted", "limit"}));
    Wanted wanted{request.parameter("provider"), request.parameter("api_key_id"), request.parameter("model"),
                  std::nullopt};
    for (const auto& [name, value] : request.query) {
        if (name == "exhausted") {
            if (value != "true" && value != "false")
                return fail(Code::InvalidArgument, "exhausted takes true or false");
            wanted.exhausted = value == "true";
        } else if (name == "limit") {
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), wanted.most);
            if (error != std::errc{} || end != value.data() + value.size() || wanted.most < 1 ||
                wanted.most > Limits::kMaxStates)
                return fail(Code::InvalidArgument, "limit takes a number from 1 to 10000");
        }
    }
    return wanted;
}

std::string moment_text(std::int64_t unix_nanos) {
    return Timestamp{unix_nanos, 0}.to_string();
}

/// 0 for a moment that has passed, rounded up so that nobody comes a moment too early.
std::int64_t ms_until(std::int64_t moment, std::int64_t now) {
    return moment <= now ? 0 : (moment - now + kMs - 1) / kMs;
}

void append_json(JsonWriter& json, const LimitState& state, std::int64_t now) {
    json.begin_object();
    json.member("provider", std::string_view(state.provider));
    if (!state.host.empty()) json.member("host", std::string_view(state.host));
    if (!state.api_key_id.empty()) json.member("api_key_id", std::string_view(state.api_key_id));
    json.member("model", std::string_view(state.model));
    json.member("exhausted", state.exhausted(now));
    if (const auto until = state.exhausted_until(now)) json.member("available_in_ms", ms_until(*until, now));
    json.member("last_seen", moment_text(state.last_seen));
    if (state.refusal) {
        json.key("last_refused");
        json.begin_object();
        json.member("at", moment_text(state.refusal->at));
        json.member("type", to_string(state.refusal->type));
        if (state.refusal->retry_after_ms) json.member("retry_after_ms", *state.refusal->retry_after_ms);
        json.member("advice", std::string_view(state.refusal->advice));
        json.end_object();
    }
    json.key("windows");
    json.begin_array();
    for (const auto& [name, window] : state.windows) {
        json.begin_object();
        json.member("name", std::string_view(name));
        if (window.limit) json.member("limit", *window.limit);
        const auto full_again = full_again_at(name, window);
        const bool was_reset = full_again && *full_again <= now;
        if (window.remaining && !was_reset) json.member("remaining", *window.remaining);
        if (window.remaining) json.member("told_remaining", *window.remaining);
        json.member("told_at", moment_text(window.told_at));
        if (window.resets_at) json.member("resets_at", moment_text(*window.resets_at));
        if (window.resets_at || was_reset) json.member("resets_in_ms", ms_until(*full_again, now));
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

}  // namespace

Result<ApiAnswer> list_limits(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const Wanted what, wanted(request));
    STENO_TRY(services.limits.remember(services.data.store()));
    const std::int64_t now = services.limits.now();
    std::vector<LimitState> states = services.limits.all();
    std::erase_if(states, [&](const LimitState& state) {
        return (what.provider && state.provider != *what.provider) ||
               (what.api_key_id && state.api_key_id != *what.api_key_id) ||
               (what.model && state.model != *what.model) ||
               (what.exhausted && state.exhausted(now) != *what.exhausted);
    });
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("limits");
    json.begin_array();
    for (std::size_t at = 0; at < std::min(what.most, states.size()); ++at)
        append_json(json, states[at], now);
    json.end_array();
    json.member("total", std::uint64_t{states.size()});
    json.member("forgotten", services.limits.forgotten());
    json.end_object();
    return answer;
}

}  // namespace steno::server
