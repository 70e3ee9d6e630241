#include "base/cancellation.hpp"
#include "base/json_or_null.hpp"
#include "base/json_writer.hpp"
#include "daily/content.hpp"
#include "daily/entries.hpp"
#include "store/call_scan.hpp"

#include <array>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

namespace steno::daily {

namespace {

/// Summed up at a time; a day with more is read as often as it takes.
constexpr std::int64_t kMostRequests = 50'000;

constexpr std::array<std::string_view, 19> kFields = {"id",
                                                      "kind",
                                                      "name",
                                                      "status",
                                                      "started_at",
                                                      "ended_at",
                                                      "trace.request_id",
                                                      "trace.session_id",
                                                      "trace.agent",
                                                      "trace.function",
                                                      "who.user_id",
                                                      "usage.input_tokens",
                                                      "usage.output_tokens",
                                                      "cost.total",
                                                      "cost.currency",
                                                      "error.type",
                                                      "error.message",
                                                      "privacy.listed",
                                                      "project"};

/// What the calls of one request add up to.
struct Summary {
    std::string id, session, user;
    std::optional<Timestamp> from, to;
    std::optional<std::int64_t> input, output;
    std::int64_t ai_calls = 0, functions = 0;
    std::set<std::string> agents, function_names;
    bool success = true;
    bool listed = false;  ///< one of its calls is
    std::string error;
    std::map<std::string, Decimal> cost;  ///< by currency

    void add(const Call& call) {
        listed = listed || call.privacy.listed.value_or(true);
        if (session.empty()) session = call.trace.session_id;
        if (user.empty()) user = call.who.user_id;
        if (call.started_at && (!from || *call.started_at < *from)) from = call.started_at;
        if (call.ended_at && (!to || *to < *call.ended_at)) to = call.ended_at;
        if (reaches_a_model(call.kind)) {
            ++ai_calls;
            input = sum_of_tokens(input, call.usage.input_tokens);
            output = sum_of_tokens(output, call.usage.output_tokens);
            if (call.cost.total) cost[call.cost.currency] += *call.cost.total;
        }
        if (call.kind == Kind::Function) ++functions;
        if (const std::string& agent = agent_of(call); !agent.empty()) agents.insert(agent);
        if (const std::string& name = function_of(call); !name.empty()) function_names.insert(name);
        if (call.status != Status::Success) success = false;
        if (error.empty()) error = error_of(call.error);
    }

    void write(std::string& out) const {
        JsonWriter json(out);
        const auto names = [&](std::string_view name, const std::set<std::string>& values) {
            json.key(name);
            json.begin_array();
            for (const std::string& value : values) json.string(value);
            json.end_array();
        };
        json.begin_object();
        json.member("requestId", id);
        text_or_null(json, "sessionId", session);
        text_or_null(json, "userPhone", user);
        text_or_null(json, "startTime", from ? iso_milliseconds(*from) : "");
        text_or_null(json, "endTime", to ? iso_milliseconds(*to) : "");
        std::optional<double> duration;
        if (from && to) duration = static_cast<double>(to->unix_nanos - from->unix_nanos) / 1e6;
        number_or_null(json, "totalDurationMs", duration);
        number_or_null(json, "totalTokens", sum_of_tokens(input, output));
        number_or_null(json, "requestTokens", input);
        number_or_null(json, "responseTokens", output);
        json.member("totalAICalls", ai_calls);
        json.member("totalFunctionCalls", functions);
        names("agentsUsed", agents);
        names("functionsUsed", function_names);
        json.member("success", success);
        text_or_null(json, "error", error);
        json.key("estimatedCost");
        if (cost.size() == 1)
            json.raw(cost.begin()->second.to_short_string());
        else
            json.null();
        json.end_object();
    }
};

class RequestsContent final : public exports::Pieces {
  public:
    RequestsContent(store::CallStore& store, const Day& day) : store_(store), selection_(calls_of(day)) {
        for (const std::string_view field : kFields) fields_.push_back(*find_field(field));
    }

    Result<bool> next(std::string& out) override {
        const std::size_t begun = out.size();
        if (parts_ == 0) {
            STENO_ASSIGN(const std::int64_t requests, count());
            parts_ = static_cast<std::size_t>(requests / kMostRequests) + 1;
        }
        while (out.size() - begun < exports::kPiece) {
            if (written_ == summaries_.size()) {
                if (part_ == parts_) {
                    frame_.end(out);
                    return false;
                }
                STENO_TRY(sum_up(part_++));
                continue;
            }
            const Summary& summary = summaries_[written_++];
            if (!summary.listed) continue;  // sums have it
            frame_.next(out);
            summary.write(out);
        }
        return true;
    }

  private:
    Result<std::int64_t> count() {
        const auto ask = [&](std::string_view measure, const store::Selection& of) -> Result<std::int64_t> {
            store::AggregateQuery query;
            query.selection = of;
            STENO_ASSIGN(store::Measure made, store::make_measure(measure));
            query.measures.push_back(std::move(made));
            STENO_ASSIGN(const store::AggregateTable table, store_.aggregate(query));
            return std::get<std::int64_t>(std::get<store::Value>(table.groups.front().cells.front()));
        };
        store::Selection single = selection_;
        single.filters.push_back(store::ai_calls());
        STENO_ASSIGN(store::Filter without,
                     store::make_filter("trace.request_id", store::Op::Exists, "false"));
        single.filters.push_back(std::move(without));
        STENO_ASSIGN(const std::int64_t named, ask("distinct(trace.request_id)", selection_));
        STENO_ASSIGN(const std::int64_t alone, ask("calls", single));
        return named + alone;
    }

    /// The requests that fall into this part, by their ids.
    Result<void> sum_up(std::size_t part) {
        summaries_.clear();
        written_ = 0;
        STENO_ASSIGN(store::CallScanner* const scanner, store::scanner_of(store_));
        STENO_ASSIGN(const auto scan, scanner->scan(selection_, fields_));
        std::unordered_map<std::string, std::size_t> places;
        for (;;) {
            if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for these requests");
            STENO_ASSIGN(const auto values, scan->next());
            if (values.empty()) return {};
            Call call;
            for (std::size_t i = 0; i < fields_.size(); ++i)
                STENO_TRY(set_value(call, fields_[i], values[i]));
            const std::string id = request_of(call);
            // A call by itself is not of the request that has its id for a name, nor one with the call of
            // another project that has the same.
            const std::string key = call.trace.request_id.empty() ? "c" + call.project + '/' + id : "r" + id;
            if (id.empty() || std::hash<std::string>()(key) % parts_ != part) continue;
            const auto [place, fresh] = places.try_emplace(key, summaries_.size());
            if (fresh) summaries_.emplace_back().id = id;
            summaries_[place->second].add(call);
        }
    }

    store::CallStore& store_;
    store::Selection selection_;
    std::vector<std::size_t> fields_;
    std::size_t parts_ = 0, part_ = 0;
    std::vector<Summary> summaries_;  ///< of one part, in the order of their beginnings
    std::size_t written_ = 0;
    ArrayFrame frame_;
};

}  // namespace

std::unique_ptr<exports::Pieces> requests_content(Record record, const Day& day) {
    return std::make_unique<RequestsContent>(record.store, day);
}

}  // namespace steno::daily
