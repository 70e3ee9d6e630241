#include "analysis/realtime.hpp"

#include "analysis/json_rows.hpp"

namespace steno::analysis {

Result<Realtime> realtime(store::CallQueries& store, const store::Selection& selection, Timestamp from,
                          std::span<const Call> running) {
    store::Selection latest = selection;
    STENO_ASSIGN(store::Filter ended, store::make_filter("ended_at", store::Op::Ge, from.to_string()));
    latest.filters.push_back(std::move(ended));
    Realtime found;
    StatisticsOptions options;
    options.calls = 0;
    options.groups = 100;
    STENO_ASSIGN(found.ended, statistics(store, latest, options));
    for (const Statistics::Agent& agent : found.ended.by_agent) found.active_agents.insert(agent.name);
    for (const Call& call : running) {
        if (!call.trace.agent.empty()) found.active_agents.insert(call.trace.agent);
        found.active_agents.insert(call.trace.outer_agents.begin(), call.trace.outer_agents.end());
        if (reaches_a_model(call.kind)) ++found.running_ai_calls;
    }
    return found;
}

void write_members(JsonWriter& json, const Realtime& realtime, Duration time) {
    const Statistics& ended = realtime.ended;
    const double seconds = static_cast<double>(time.nanos) / 1e9;
    json.member("requests", ended.requests);
    write_figures(json, "ai_calls", ended.ai_calls);
    write_figures(json, "functions", ended.functions);
    write_figures(json, "agents", ended.agents);
    json.key("calls_per_second");
    json.number(static_cast<double>(ended.ai_calls.calls) / seconds);
    json.key("tokens_per_second");
    if (const auto tokens = ended.ai_calls.tokens())
        json.number(static_cast<double>(*tokens) / seconds);
    else
        json.null();
    json.key("active_agents");
    json.begin_array();
    for (const std::string& agent : realtime.active_agents) json.string(agent);
    json.end_array();
    write_rows(json, "by_agent", ended.by_agent, [&](const Statistics::Agent& agent) {
        json.member("agent", agent.name);
        write_figures(json, "ai_calls", agent.ai_calls);
        write_sums(json, "subtree", agent.subtree);
        write_figures(json, "runs", agent.runs);
    });
    write_rows(json, "by_model", ended.by_model, [&](const Statistics::Model& model) {
        write_name(json, "provider", model.provider);
        write_name(json, "model", model.name);
        write_members(json, model.calls);
    });
    json.member("truncated", ended.truncated);
}

}  // namespace steno::analysis
