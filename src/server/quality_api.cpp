#include "analysis/quality.hpp"
#include "base/json_writer.hpp"
#include "record/json.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

namespace steno::server {

namespace {

constexpr std::uint32_t kGroups = 100;

/// What both questions begin with: whose calls, of which time.
struct Asked {
    calendar::Zone zone;
    store::Selection selection;
    std::uint32_t groups = kGroups;
};

Result<Asked> asked(const ApiRequest& request, std::initializer_list<std::string_view> others) {
    Asked asked;
    STENO_ASSIGN(asked.zone, zone_parameter(request));
    STENO_ASSIGN(asked.selection, selection_parameters(request, others));
    STENO_TRY(no_text(asked.selection));
    STENO_TRY(set_period(asked.selection, request, asked.zone, "today"));
    STENO_ASSIGN(const std::uint64_t groups, number_parameter(request, "groups", kGroups, 1, 10'000));
    asked.groups = static_cast<std::uint32_t>(groups);
    return asked;
}

}  // namespace

Result<ApiAnswer> show_quality(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const Asked asked, server::asked(request, {"by", "score", "groups"}));
    analysis::QualityOptions options;
    options.groups = asked.groups;
    options.score = request.parameter("score").value_or(options.score);
    STENO_ASSIGN(options.by, fields_parameter(request, "by", "prompt.type,prompt.version"));
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const analysis::QualityReport report, analysis::quality(*calls, asked.selection, options));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, asked.selection, asked.zone);
    analysis::write_members(json, report, options);
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_data_quality(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const Asked asked, server::asked(request, {"limit", "groups"}));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 20, 0, store::kMaxPage));
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const analysis::MissingVariables missing,
                 analysis::missing_variables(*calls, asked.selection, asked.groups));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, asked.selection, asked.zone);
    analysis::write_members(json, missing);
    json.key("calls");
    json.begin_array();
    if (limit > 0) {
        store::CallQuery query;
        query.selection = asked.selection;
        query.selection.filters.push_back(store::ai_calls());
        query.selection.filters.push_back(analysis::incomplete_prompts());
        store::leave_out_unlisted(query.selection);
        query.limit = static_cast<std::uint32_t>(limit);
        query.fields = {"id",     "kind",        "name",   "project",         "started_at",
                        "status", "trace",       "prompt", "model.requested", "provider.name",
                        "who",    "labels.tags", "error",  "preview"};
        STENO_ASSIGN(const auto page, services.data.calls().find(query, true));
        const JsonFields fields{.only = query.fields, .payload = true, .preview = true};
        for (const Call& call : page.calls) {
            std::string text;
            append_json(text, call, fields);
            json.raw(text);
        }
    }
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace steno::server
