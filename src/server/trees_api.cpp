#include "analysis/call_tree.hpp"
#include "analysis/json_rows.hpp"
#include "base/json_writer.hpp"
#include "record/json.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"
#include "server/tree_calls.hpp"
#include "store/query.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

/// One request as the tree of its calls, one session as the list of its requests. Computed when asked for.
namespace steno::server {

namespace {

/// What AI calls used. Usage that an agent repeats for its children is not counted twice: only calls that
/// reach a model count.
struct Usage {
    std::int64_t calls = 0;
    std::optional<std::int64_t> input_tokens;  ///< absent: of no call that has some is it known
    std::optional<std::int64_t> output_tokens;
    std::int64_t without_tokens = 0;
    std::map<std::string, Decimal> cost;  ///< by currency
    std::int64_t unpriced = 0;
    std::int64_t estimated = 0;

    void add(const Call& call) {
        ++calls;
        add(input_tokens, call.usage.input_tokens);
        add(output_tokens, call.usage.output_tokens);
        if (!call.usage.input_tokens && !call.usage.output_tokens && should_have_tokens(call))
            ++without_tokens;
        if (call.cost.total) {
            cost[call.cost.currency] += *call.cost.total;
            if (call.usage.estimated.value_or(false)) ++estimated;
        } else if (call.status != Status::Failure) {
            ++unpriced;
        }
    }

    static void add(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& more) {
        if (more) sum = sum.value_or(0) + *more;
    }
    static bool should_have_tokens(const Call& call) {
        const bool counted = call.kind == Kind::Chat || call.kind == Kind::Completion ||
                             call.kind == Kind::Embedding || call.kind == Kind::Vision ||
                             call.kind == Kind::Intent;
        return counted && (call.status == Status::Success || call.status == Status::Partial ||
                           call.status == Status::Cancelled);
    }

    void write_members(JsonWriter& json) const {
        json.member("ai_calls", calls);
        // Of no AI calls at all it is none.
        if (input_tokens || calls == 0) json.member("input_tokens", input_tokens.value_or(0));
        if (output_tokens || calls == 0) json.member("output_tokens", output_tokens.value_or(0));
        json.member("calls_without_tokens", without_tokens);
        json.key("cost");
        json.begin_object();
        if (cost.size() == 1) {
            json.member("total", cost.begin()->second.to_string());
            json.member("currency", cost.begin()->first);
        } else if (cost.size() > 1) {
            json.member("currency", "mixed");
        }
        json.member("unpriced_calls", unpriced);
        json.member("estimated_calls", estimated);
        json.end_object();
    }
};

/// Of an agent or a function: what it used itself, and with all that are nested within it.
struct Share {
    Usage own;
    Usage subtree;
};
using Shares = std::map<std::string, Share>;

/// What a set of calls adds up to.
struct Summary {
    std::int64_t calls = 0;
    Usage usage;
    Shares agents;
    Shares functions;
    bool success = true;
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> ended_at;

    void add(const Call& call) {
        ++calls;
        const bool is_ai_call = reaches_a_model(call.kind);
        if (is_ai_call) usage.add(call);
        const auto share = [&](Shares& shares, const std::string& own,
                               const std::vector<std::string>& outer) {
            std::set<std::string> names(outer.begin(), outer.end());
            if (!own.empty()) names.insert(own);
            for (const std::string& name : names) {
                Share& mine = shares[name];
                if (is_ai_call) mine.subtree.add(call);
                if (is_ai_call && name == own) mine.own.add(call);
            }
        };
        share(agents, call.trace.agent, call.trace.outer_agents);
        share(functions, call.trace.function, call.trace.outer_functions);
        if (call.status != Status::Success) success = false;
        if (call.started_at && (!started_at || *call.started_at < *started_at)) started_at = call.started_at;
        if (call.ended_at && (!ended_at || *ended_at < *call.ended_at)) ended_at = call.ended_at;
    }

    void write(JsonWriter& json) const {
        json.begin_object();
        json.member("calls", calls);
        usage.write_members(json);
        if (started_at && ended_at) {
            json.member("duration_ms",
                        static_cast<double>(ended_at->unix_nanos - started_at->unix_nanos) / 1e6);
        }
        const auto names = [&](std::string_view key, const Shares& shares) {
            json.key(key);
            json.begin_array();
            for (const auto& [name, share] : shares) json.string(name);
            json.end_array();
        };
        names("agents", agents);
        names("functions", functions);
        const auto rows = [&](std::string_view key, std::string_view what, const Shares& shares) {
            analysis::write_rows(json, key, shares, [&](const auto& row) {
                json.member(what, row.first);
                for (const auto& [part, used] :
                     {std::pair("own", &row.second.own), std::pair("subtree", &row.second.subtree)}) {
                    json.key(part);
                    json.begin_object();
                    used->write_members(json);
                    json.end_object();
                }
            });
        };
        rows("by_agent", "agent", agents);
        rows("by_function", "function", functions);
        json.member("success", success);
        if (started_at) json.member("started_at", started_at->to_string());
        if (ended_at) json.member("ended_at", ended_at->to_string());
        json.end_object();
    }
};

void write_tree(JsonWriter& json, const std::vector<Call>& calls) {
    const analysis::CallTree tree = analysis::tree_of(calls);
    // A stack of our own: trees of thousands of levels exist.
    struct Step {
        std::size_t call;
        std::size_t next_child = 0;
    };
    std::string item;
    const auto open = [&](std::size_t i) {
        json.begin_object();
        item.clear();
        append_json(item, calls[i], {.payload = false, .preview = true});
        json.member_raw("call", item);
        json.key("children");
        json.begin_array();
    };
    const auto write_from = [&](std::size_t root) {
        std::vector<Step> stack{{root}};
        open(root);
        while (!stack.empty()) {
            Step& top = stack.back();
            if (top.next_child == tree.children[top.call].size()) {
                json.end_array();
                json.end_object();
                stack.pop_back();
                continue;
            }
            const std::size_t child = tree.children[top.call][top.next_child++];
            open(child);
            stack.push_back({child});
        }
    };
    json.begin_array();
    for (const std::size_t root : tree.roots) write_from(root);
    json.end_array();
}

}  // namespace

Result<ApiAnswer> show_request(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    const std::string& id = request.captures.front();
    STENO_ASSIGN(const std::vector<Call> calls, calls_with(services, "trace.request_id", id, false));
    if (calls.empty()) return fail(Code::NotFound, "there is no call of request " + id);
    Summary summary;
    for (const Call& call : calls) summary.add(call);
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("request_id", id);
    json.key("summary");
    summary.write(json);
    json.key("tree");
    write_tree(json, calls);
    json.member("truncated", calls.size() >= kMaxTreeCalls);
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_session(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    const std::string& id = request.captures.front();
    STENO_ASSIGN(const std::vector<Call> calls, calls_with(services, "trace.session_id", id, false));
    if (calls.empty()) return fail(Code::NotFound, "there is no call of session " + id);
    Summary whole;
    std::vector<std::pair<std::string, Summary>> requests;  // in the order of their first calls
    std::unordered_map<std::string, std::size_t> place;
    for (const Call& call : calls) {
        whole.add(call);
        const std::string& request_id = call.trace.request_id;
        const auto [found, fresh] = place.try_emplace(request_id, requests.size());
        if (fresh) requests.emplace_back(request_id, Summary{});
        requests[found->second].second.add(call);
    }
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("session_id", id);
    json.key("summary");
    whole.write(json);
    json.key("requests");
    json.begin_array();
    for (const auto& [request_id, summary] : requests) {
        json.begin_object();
        if (!request_id.empty()) json.member("request_id", request_id);
        json.key("summary");
        summary.write(json);
        json.end_object();
    }
    json.end_array();
    json.member("truncated", calls.size() >= kMaxTreeCalls);
    json.end_object();
    return answer;
}

}  // namespace steno::server
