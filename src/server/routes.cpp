#include "base/json_writer.hpp"
#include "server/api.hpp"
#include "sources/native/batch.hpp"

#include <array>

namespace steno::server {

/// A prompt of ten megabytes, in JSON.
static constexpr std::uint64_t kMaxPromptBody = 24u << 20;

std::span<const Route> routes() {
    static constexpr std::array kRoutes{
        Route{"GET", "/api/v1/calls", list_calls},
        Route{"POST", "/api/v1/calls", deliver_calls, false, native::kMaxBody},
        Route{"GET", "/api/v1/calls/{id}", show_call},
        Route{"GET", "/api/v1/calls/{id}/raw", show_raw},
        Route{"POST", "/api/v1/calls/{id}/feedback", give_feedback},
        Route{"POST", "/api/v1/calls/{id}/scores", give_score},
        Route{"GET", "/api/v1/requests/{id}", show_request},
        Route{"GET", "/api/v1/requests/{id}/trace", trace_request},
        Route{"GET", "/api/v1/sessions/{id}", show_session},
        Route{"GET", "/api/v1/aggregate", aggregate},
        Route{"GET", "/api/v1/statistics", show_statistics},
        Route{"GET", "/api/v1/slow", list_slow},
        Route{"GET", "/api/v1/compare", compare_periods},
        Route{"GET", "/api/v1/sql", list_sql_tables},
        Route{"POST", "/api/v1/sql", ask_sql, false, 1u << 20, true},
        Route{"GET", "/api/v1/trends", show_trends},
        Route{"GET", "/api/v1/anomalies", show_anomalies},
        Route{"GET", "/api/v1/forecast", show_forecast},
        Route{"GET", "/api/v1/suggestions", show_suggestions},
        Route{"GET", "/api/v1/quality", show_quality},
        Route{"GET", "/api/v1/data-quality", show_data_quality},
        Route{"GET", "/api/v1/failures", list_failures},
        Route{"GET", "/api/v1/realtime", show_realtime},
        Route{"GET", "/api/v1/limits", list_limits},
        Route{"GET", "/api/v1/budgets", list_budgets},
        Route{"POST", "/api/v1/budgets", add_budget},
        Route{"GET", "/api/v1/budgets/{name}", show_budget},
        Route{"PUT", "/api/v1/budgets/{name}", set_budget},
        Route{"DELETE", "/api/v1/budgets/{name}", remove_budget},
        Route{"GET", "/api/v1/prompts", list_prompts},
        Route{"POST", "/api/v1/prompts", create_prompt, false, kMaxPromptBody},
        Route{"GET", "/api/v1/prompts/{name}", show_prompt},
        Route{"PATCH", "/api/v1/prompts/{name}", change_prompt},
        Route{"DELETE", "/api/v1/prompts/{name}", remove_prompt},
        Route{"GET", "/api/v1/prompts/{name}/versions", list_prompt_versions},
        Route{"POST", "/api/v1/prompts/{name}/versions", add_prompt_version, false, kMaxPromptBody},
        Route{"GET", "/api/v1/prompts/{name}/versions/{version}", show_prompt_version},
        Route{"GET", "/api/v1/prompts/{name}/labels", list_prompt_labels},
        Route{"GET", "/api/v1/prompts/{name}/labels/{label}", show_prompt_label},
        Route{"PUT", "/api/v1/prompts/{name}/labels/{label}", move_prompt_label},
        Route{"DELETE", "/api/v1/prompts/{name}/labels/{label}", remove_prompt_label},
        Route{"POST", "/api/v1/prompts/{name}/labels/{label}/rollback", roll_back_prompt_label},
        Route{"GET", "/api/v1/prompts/{name}/diff", compare_prompt_versions},
        Route{"POST", "/api/v1/prompts/{name}/render", render_prompt, false, kMaxPromptBody, true},
        Route{"POST", "/api/v1/prompt-rendering", render_prompt_draft, false, kMaxPromptBody, true},
        Route{"GET", "/api/v1/prompts/{name}/fetch", fetch_prompt},
        Route{"GET", "/api/v1/prompts/{name}/performance", show_prompt_performance},
        Route{"GET", "/api/v1/prompts/{name}/compare", compare_prompt_performance},
        Route{"GET", "/api/v1/prompts/{name}/trends", show_prompt_trends},
        Route{"GET", "/api/v1/prompt-registry", export_prompts},
        Route{"POST", "/api/v1/prompt-registry", import_prompts, false, kMaxPromptBody},
        Route{"GET", "/api/v1/experiments", list_experiments},
        Route{"POST", "/api/v1/experiments", create_experiment},
        Route{"GET", "/api/v1/experiments/{name}", show_experiment},
        Route{"PATCH", "/api/v1/experiments/{name}", change_experiment},
        Route{"DELETE", "/api/v1/experiments/{name}", remove_experiment},
        Route{"POST", "/api/v1/experiments/{name}/start", start_experiment},
        Route{"POST", "/api/v1/experiments/{name}/pause", pause_experiment},
        Route{"POST", "/api/v1/experiments/{name}/conclude", conclude_experiment},
        Route{"POST", "/api/v1/experiments/{name}/variants/{variant}/stop", stop_experiment_variant},
        Route{"GET", "/api/v1/experiments/{name}/history", list_experiment_changes},
        Route{"GET", "/api/v1/experiments/{name}/assign", assign_experiment_unit},
        Route{"GET", "/api/v1/experiments/{name}/result", show_experiment_result},
        Route{"POST", "/api/v1/experiments/{name}/evaluate", evaluate_experiment},
        Route{"GET", "/api/v1/prices", list_prices},
        Route{"POST", "/api/v1/prices", set_prices, false, 1u << 20, true},
        Route{"GET", "/api/v1/prices/explain/{id}", explain_price},
        Route{"GET", "/api/v1/prices/fit", fit_prices},
        Route{"GET", "/api/v1/prices/versions", list_price_versions},
        Route{"GET", "/api/v1/prices/versions/{version}", show_price_version},
        Route{"DELETE", "/api/v1/prices/versions/{version}", remove_price},
        Route{"POST", "/api/v1/prices/reprice", reprice},
        Route{"GET", "/api/v1/prices/repricings", list_repricings},
        Route{"GET", "/api/v1/prices/repricings/{id}", show_repricing},
        Route{"DELETE", "/api/v1/prices/repricings/{id}", cancel_repricing},
        Route{"POST", "/api/v1/prices/repricings/{id}/undo", undo_repricing},
        Route{"GET", "/api/v1/prompt-types", list_prompt_types},
        Route{"PATCH", "/api/v1/prompt-types", change_prompt_types},
        Route{"GET", "/api/v1/prompt-types/{type}", show_prompt_type},
        Route{"PATCH", "/api/v1/prompt-types/{type}", change_prompt_type},
        Route{"DELETE", "/api/v1/prompt-types/{type}", reset_prompt_type},
        Route{"GET", "/api/v1/prompt-type-changes", list_prompt_type_changes},
        Route{"POST", "/api/v1/replay", replay_call},
        Route{"GET", "/api/v1/alerts", list_alerts},
        Route{"POST", "/api/v1/alerts/preview", preview_alert},
        Route{"POST", "/api/v1/alerts/defaults", add_default_alerts},
        Route{"GET", "/api/v1/alerts/{name}", show_alert},
        Route{"PUT", "/api/v1/alerts/{name}", set_alert},
        Route{"DELETE", "/api/v1/alerts/{name}", remove_alert},
        Route{"POST", "/api/v1/alerts/{name}/mute", mute_alert},
        Route{"POST", "/api/v1/alerts/{name}/unmute", unmute_alert},
        Route{"GET", "/api/v1/alerts/{name}/history", alert_history},
        Route{"GET", "/api/v1/alert-history", alert_history},
        Route{"GET", "/api/v1/channels", list_channels},
        Route{"PUT", "/api/v1/channels/{name}", set_channel},
        Route{"DELETE", "/api/v1/channels/{name}", remove_channel},
        Route{"POST", "/api/v1/channels/{name}/test", test_channel},
        Route{"GET", "/api/v1/deliveries", list_deliveries},
        Route{"GET", "/api/v1/status", show_status},
        Route{"GET", "/api/v1/storage", show_storage},
        Route{"GET", "/api/v1/openapi.json", openapi, true},
        Route{"GET", "/healthz", healthz, true},
        Route{"GET", "/readyz", readyz, true},
        Route{"GET", "/metrics", metrics, true},
    };
    return kRoutes;
}

namespace {

/// True if the path has the pattern's shape; then `captures` holds what stood at {…}, decoded.
bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& captures) {
    captures.clear();
    for (;;) {
        const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
        const std::size_t path_end = std::min(path.find('/', 1), path.size());
        const std::string_view want = pattern.substr(0, pattern_end);
        const std::string_view have = path.substr(0, path_end);
        if (want.starts_with("/{")) {
            if (have.size() < 2) return false;
            captures.push_back(net::percent_decode(have.substr(1)));
        } else if (want != have) {
            return false;
        }
        pattern.remove_prefix(pattern_end);
        path.remove_prefix(path_end);
        if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
    }
}

}  // namespace

Match match(std::string_view method, std::string_view path) {
    Match match;
    std::vector<std::string> captures;
    for (const Route& route : routes()) {
        if (!fits(route.pattern, path, captures)) continue;
        if (route.method == method || (route.method == "GET" && method == "HEAD")) {
            match.route = &route;
            match.captures = std::move(captures);
            return match;
        }
        if (!match.allowed.empty()) match.allowed += ", ";
        match.allowed += route.method;
    }
    return match;
}

std::optional<std::string_view> ApiRequest::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name && !value.empty()) return value;
    }
    return std::nullopt;
}

namespace {

ApiAnswer problem_with(int status, std::string_view code, std::string_view detail, std::string_view remedy,
                       std::string_view member, std::string_view value) {
    ApiAnswer answer;
    answer.status = status;
    answer.content_type = "application/problem+json";
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("type", "about:blank");
    json.member("title", code);
    json.member("status", status);
    json.member("code", code);
    json.member("detail", detail);
    if (!remedy.empty()) json.member("remedy", remedy);
    if (!member.empty()) json.member_raw(member, value);
    json.end_object();
    return answer;
}

}  // namespace

ApiAnswer problem(int status, std::string_view code, std::string_view detail, std::string_view remedy) {
    return problem_with(status, code, detail, remedy, {}, {});
}

ApiAnswer problem(const Error& error, std::string_view member, std::string_view json) {
    const CodeFacts& facts = facts_of(error.code);
    return problem_with(facts.http_status, facts.name, error.message, error.remedy, member, json);
}

ApiAnswer problem(const Error& error) {
    const CodeFacts& facts = facts_of(error.code);
    return problem(facts.http_status, facts.name, error.message, error.remedy);
}

ApiAnswer try_again(const Error& error) {
    const bool full = error.code == Code::ResourceExhausted;
    ApiAnswer answer = problem(full ? 507 : 503, facts_of(error.code).name, error.message, error.remedy);
    answer.headers.emplace_back("Retry-After", full ? "5" : "1");
    return answer;
}

}  // namespace steno::server
