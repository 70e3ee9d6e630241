#include "analysis/statistics.hpp"

#include "analysis/json_rows.hpp"
#include "analysis/slowness.hpp"
#include "base/cancellation.hpp"
#include "record/json.hpp"
#include "store/memory/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <tuple>
#include <unordered_map>

namespace steno::analysis {

namespace {

using store::AggregateQuery;
using store::AggregateTable;
using store::Selection;

Selection with(Selection selection, store::Filter filter) {
    selection.filters.push_back(std::move(filter));
    return selection;
}
Selection of_kind(const Selection& selection, std::string_view kind) {
    return with(selection, store::make_filter("kind", store::Op::Eq, kind).value());
}
Selection having(const Selection& selection, std::string_view field, bool there = true) {
    return with(selection, store::make_filter(field, store::Op::Exists, there ? "true" : "false").value());
}

std::string text_of(const std::optional<store::Value>& value) {
    const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
    return text == nullptr ? std::string() : *text;
}

/// Asks one store about one stretch of time. One thread.
class Inquiry {
  public:
    explicit Inquiry(store::CallQueries& store) : store_(store) {}
    /// Whether an answer had more groups than are told.
    [[nodiscard]] bool truncated() const { return truncated_; }

    Result<FiguresTable> grouped(const Selection& selection, std::initializer_list<std::string_view> by,
                                 std::string_view order = {},
                                 std::vector<store::Measure> measures = figures_measures(),
                                 const std::optional<store::Bucket>& bucket = {}) {
        AggregateQuery query;
        query.selection = selection;
        query.bucket = bucket;
        for (const std::string_view field : by) {
            STENO_ASSIGN(store::Field made, store::make_field(field));
            query.group_by.push_back(std::move(made));
        }
        query.measures = std::move(measures);
        query.order = order;
        query.limit = store::kMaxGroups;  // tables are joined before they are cut
        STENO_ASSIGN(FiguresTable table, figures(store_, query));
        truncated_ |= table.truncated;
        return table;
    }

    Result<Figures> total(const Selection& selection) {
        STENO_ASSIGN(const FiguresTable table, grouped(selection, {}));
        return table.groups.front().figures;
    }

    /// Requests by bucket; without buckets at the one key "absent".
    Result<std::map<std::optional<Timestamp>, std::int64_t>> requests(
        const Selection& selection, const std::optional<store::Bucket>& bucket) {
        std::map<std::optional<Timestamp>, std::int64_t> requests;
        const auto add = [&](const Selection& calls, std::string_view measure) -> Result<void> {
            AggregateQuery query;
            query.selection = calls;
            query.bucket = bucket;
            query.limit = store::kMaxGroups;
            STENO_ASSIGN(store::Measure made, store::make_measure(measure));
            query.measures.push_back(std::move(made));
            STENO_ASSIGN(const AggregateTable table, store_.aggregate(query));
            truncated_ |= table.truncated;
            for (const auto& group : table.groups)
                requests[group.bucket] += std::get<std::int64_t>(std::get<store::Value>(group.cells.front()));
            return {};
        };
        STENO_TRY(add(selection, "distinct(trace.request_id)"));
        STENO_TRY(add(with(having(selection, "trace.request_id", false), store::ai_calls()), "calls"));
        return requests;
    }

  private:
    store::CallQueries& store_;
    bool truncated_ = false;
};

/// Work that is done beside what this thread does, and as long as somebody waits for that. A statement is
/// planned by one thread, however many carry it out, and planning is most of what short ones take.
template <class Work>
std::future<Result<void>> beside(Work&& work) {
    // Where there are no more threads, it is done when it is waited for.
    return std::async(std::launch::async | std::launch::deferred,
                      [cancellation = Cancellation::of_this_thread(), work = std::forward<Work>(work)] {
                          if (Cancellation::of_this_thread() == cancellation) return work();
                          const Cancellation::Scope scope(cancellation);
                          return work();
                      });
}

/// The first `most` of them in this order.
Result<std::vector<Call>> first_calls(store::CallQueries& store, const Selection& selection,
                                      std::string_view order, std::uint32_t most,
                                      std::vector<std::string> fields) {
    if (most == 0) return std::vector<Call>();
    store::CallQuery query;
    query.selection = selection;
    store::leave_out_unlisted(query.selection);
    STENO_TRY(store::set_order(query, order));
    query.limit = most;
    query.fields = std::move(fields);
    STENO_ASSIGN(store::Page page, store.find(query));
    std::vector<Call> calls;
    for (store::Row& row : page.rows) calls.push_back(std::move(row.call));
    return calls;
}

std::vector<std::string> shown_fields() {
    std::vector<std::string> fields = slowness_fields();
    for (const char* more :
         {"name", "source", "trace", "model.requested", "provider.name", "cost", "who.user_id", "preview"})
        fields.emplace_back(more);
    return fields;
}

/// What is dearer, then larger, comes first. Without `money`, where costs are in several currencies, of which
/// none is more than the other: what is larger.
auto weight(const Sums& sums, bool money) {
    return std::tuple(money ? sums.cost.total.value_or(Decimal()) : Decimal(), sums.tokens().value_or(0),
                      sums.calls);
}

/// The greatest first; equals by name.
template <class Rows, class Rank>
void sort_by(Rows& rows, Rank&& rank) {
    std::ranges::sort(rows, [&](const auto& a, const auto& b) {
        const auto left = rank(a), right = rank(b);
        return left != right ? left > right : a.name < b.name;
    });
}

/// The AI calls around which `outer` names an agent or a function, for each of these. `own` is the field with
/// the innermost, `innermost` where a call has it: a record that names it among the outer ones, too, is not
/// to count twice. What the selection asks of `own` it asks of the one whose subtree it is, not of those in
/// it.
template <class Rows>
Result<void> add_subtrees(Inquiry& ask, const Selection& ai, std::string_view own,
                          std::string Trace::* innermost, std::string_view outer, Rows& rows) {
    for (auto& [name, row] : rows) row.subtree = row.ai_calls;
    Selection within = having(ai, outer), asked;
    std::erase_if(within.filters, [&](const store::Filter& filter) {
        if (filter.field.path() != own) return false;
        asked.filters.push_back(filter);
        return true;
    });
    STENO_ASSIGN(const FiguresTable around, ask.grouped(within, {outer, own}, "cost", sums_measures()));
    for (const auto& group : around.groups) {
        Call named;
        named.trace.*innermost = text_of(group.key[0]);
        if (group.key[0] != group.key[1] && store::memory::matches(named, asked))
            rows[named.trace.*innermost].subtree += group.figures;
    }
    return {};
}

Result<std::vector<Statistics::Agent>> by_agent(Inquiry& ask, const Selection& all, const Selection& ai) {
    std::map<std::string, Statistics::Agent> agents;
    STENO_ASSIGN(const FiguresTable calls, ask.grouped(having(ai, "trace.agent"), {"trace.agent"}, "cost"));
    for (const auto& group : calls.groups) agents[text_of(group.key[0])].ai_calls = group.figures;
    STENO_ASSIGN(const FiguresTable runs,
                 ask.grouped(having(of_kind(all, "agent"), "trace.agent"), {"trace.agent"}, "calls"));
    for (const auto& group : runs.groups) agents[text_of(group.key[0])].runs = group.figures;
    STENO_TRY(add_subtrees(ask, ai, "trace.agent", &Trace::agent, "trace.outer_agents", agents));
    std::vector<Statistics::Agent> sorted;
    for (auto& [name, agent] : agents) {
        agent.name = name;
        sorted.push_back(std::move(agent));
    }
    return sorted;
}

Result<std::vector<Statistics::Function>> by_function(Inquiry& ask, const Selection& all,
                                                      const Selection& ai) {
    std::map<std::string, Statistics::Function> functions;
    const Selection run = having(of_kind(all, "function"), "trace.function");
    STENO_ASSIGN(const FiguresTable runs, ask.grouped(run, {"trace.function"}, "calls"));
    for (const auto& group : runs.groups) functions[text_of(group.key[0])].runs = group.figures;
    STENO_ASSIGN(const FiguresTable within,
                 ask.grouped(having(ai, "trace.function"), {"trace.function"}, "cost"));
    for (const auto& group : within.groups) functions[text_of(group.key[0])].ai_calls = group.figures;
    STENO_TRY(add_subtrees(ask, ai, "trace.function", &Trace::function, "trace.outer_functions", functions));
    STENO_ASSIGN(const FiguresTable operations,
                 ask.grouped(having(run, "trace.operation"), {"trace.function", "trace.operation"}, "calls"));
    for (const auto& group : operations.groups)
        functions[text_of(group.key[0])].operations[text_of(group.key[1])] = group.figures.calls;
    std::vector<Statistics::Function> sorted;
    for (auto& [name, function] : functions) {
        function.name = name;
        sorted.push_back(std::move(function));
    }
    return sorted;
}

Result<void> add_buckets(Inquiry& ask, const Selection& all, const Selection& ai, const store::Bucket& bucket,
                         Statistics& found) {
    STENO_ASSIGN(const FiguresTable table, ask.grouped(ai, {}, {}, figures_measures(), bucket));
    STENO_ASSIGN(const auto requests, ask.requests(all, bucket));
    std::map<Timestamp, Statistics::Bucket> buckets;
    for (const auto& [begin, count] : requests)
        if (begin) buckets[*begin].requests = count;
    for (const auto& group : table.groups)
        if (group.bucket) buckets[*group.bucket].ai_calls = group.figures;
    for (auto& [begin, row] : buckets) {
        row.begin = begin;
        found.buckets.push_back(std::move(row));
    }
    return {};
}

Result<void> add_totals(Inquiry& ask, const Selection& all, const Selection& ai,
                        const std::optional<store::Bucket>& bucket, Statistics& found) {
    STENO_ASSIGN(auto requests, ask.requests(all, {}));
    found.requests = requests[std::nullopt];
    STENO_ASSIGN(found.ai_calls, ask.total(ai));
    STENO_ASSIGN(found.functions, ask.total(of_kind(all, "function")));
    STENO_ASSIGN(found.agents, ask.total(of_kind(all, "agent")));
    STENO_ASSIGN(const FiguresTable models, ask.grouped(ai, {"provider.name", "model.requested"}, "cost"));
    for (const auto& group : models.groups)
        found.by_model.push_back({text_of(group.key[0]), text_of(group.key[1]), group.figures});
    if (bucket) STENO_TRY(add_buckets(ask, all, ai, *bucket, found));
    return {};
}

Result<void> add_lists(store::CallQueries& store, const Selection& all, const Selection& ai,
                       const StatisticsOptions& options, Statistics& found) {
    STENO_ASSIGN(found.expensive,
                 first_calls(store, having(ai, "cost.total"), "-cost.total", options.calls, shown_fields()));
    STENO_ASSIGN(SlowCalls slow, slow_calls(store, all, options.slow, options.calls));
    found.slow = std::move(slow.slowest);
    found.slow_calls = slow.calls;
    if (options.high_tokens <= 0) return {};
    STENO_ASSIGN(store::Filter many, store::make_filter("usage.input_tokens", store::Op::Ge,
                                                        std::to_string(options.high_tokens)));
    const Selection large = with(ai, std::move(many));
    STENO_ASSIGN(const std::uint64_t count, store.count(large));
    found.large_calls = static_cast<std::int64_t>(count);
    STENO_ASSIGN(found.large,
                 first_calls(store, large, "-usage.input_tokens", options.calls, shown_fields()));
    return {};
}

}  // namespace

Result<SlowCalls> slow_calls(store::CallQueries& store, const Selection& selection, Duration threshold,
                             std::uint32_t most) {
    if (most > store::kMaxPage)
        return fail(Code::InvalidArgument, fmt::format("up to {} slow calls are listed", store::kMaxPage));
    STENO_ASSIGN(store::Filter slow,
                 store::make_filter("time.duration_ms", store::Op::Ge,
                                    fmt::format("{}", static_cast<double>(threshold.nanos) / 1e6)));
    const Selection selected = with(selection, std::move(slow));
    SlowCalls found;
    STENO_ASSIGN(const std::uint64_t count, store.count(selected));
    found.calls = static_cast<std::int64_t>(count);
    STENO_ASSIGN(std::vector<Call> calls,
                 first_calls(store, selected, "-time.duration_ms", most, shown_fields()));
    for (Call& call : calls) {
        std::string reason = slowness(call);
        found.slowest.push_back({std::move(call), std::move(reason)});
    }
    return found;
}

Result<Statistics> statistics(store::CallQueries& store, const Selection& selection,
                              const StatisticsOptions& options) {
    if (options.calls > store::kMaxPage || options.groups < 1 || options.groups > 10'000)
        return fail(Code::InvalidArgument,
                    fmt::format("statistics list up to {} calls and 1 to 10000 groups", store::kMaxPage));
    Statistics found;
    const Selection ai = with(selection, store::ai_calls());
    Inquiry of_runs(store), of_all(store);
    auto runs = beside([&]() -> Result<void> {
        STENO_ASSIGN(found.by_agent, by_agent(of_runs, selection, ai));
        STENO_ASSIGN(found.by_function, by_function(of_runs, selection, ai));
        return {};
    });
    auto lists = beside([&] { return add_lists(store, selection, ai, options, found); });
    STENO_TRY(add_totals(of_all, selection, ai, options.bucket, found));
    STENO_TRY(runs.get());
    STENO_TRY(lists.get());

    found.truncated = of_all.truncated() || of_runs.truncated();
    const bool money = found.ai_calls.cost.currency != "mixed";
    sort_by(found.by_agent, [money](const auto& agent) {
        return std::tuple(weight(agent.subtree, money), agent.runs.calls);
    });
    sort_by(found.by_function, [money](const auto& function) {
        return std::tuple(function.runs.calls, weight(function.subtree, money));
    });
    if (!money) sort_by(found.by_model, [](const auto& model) { return weight(model.calls, false); });
    const auto cut = [&](auto& rows) {
        found.truncated |= rows.size() > options.groups;
        if (rows.size() > options.groups) rows.erase(rows.begin() + options.groups, rows.end());
    };
    cut(found.by_agent);
    cut(found.by_function);
    cut(found.by_model);
    return found;
}

namespace {

void write_ratio(JsonWriter& json, std::string_view key, std::optional<double> value, std::int64_t of) {
    json.key(key);
    if (value && of > 0)
        json.number(*value / static_cast<double>(of));
    else
        json.null();
}

void write_summary(JsonWriter& json, const Statistics& statistics) {
    const Figures& ai = statistics.ai_calls;
    json.key("summary");
    json.begin_object();
    json.member("requests", statistics.requests);
    json.member("ai_calls", ai.calls);
    json.member("function_calls", statistics.functions.calls);
    json.member("agent_runs", statistics.agents.calls);
    json.key("total_tokens");
    const auto tokens = ai.tokens();
    if (tokens)
        json.number(*tokens);
    else
        json.null();
    write_ratio(json, "average_tokens_per_request",
                tokens ? std::optional(static_cast<double>(*tokens)) : std::nullopt, statistics.requests);
    write_ratio(json, "average_ai_duration_per_request_ms",
                ai.duration ? std::optional(static_cast<double>(ai.duration->nanos) / 1e6) : std::nullopt,
                statistics.requests);
    json.key("cost");
    write(json, ai.cost, ai.by_currency);
    json.end_object();
}

void write_call(JsonWriter& json, const Call& call) {
    std::string text;
    append_json(text, call, {.payload = false, .preview = true});
    json.member_raw("call", text);
}

void write_errors(JsonWriter& json, const Statistics& statistics) {
    const Figures& ai = statistics.ai_calls;
    json.key("errors");
    json.begin_object();
    json.member("total", ai.failures);
    write_ratio(json, "rate", static_cast<double>(ai.failures), ai.calls);
    json.member("functions", statistics.functions.failures);
    json.member("agents", statistics.agents.failures);
    json.key("by_agent");
    json.begin_object();
    for (const auto& agent : statistics.by_agent)
        if (agent.ai_calls.failures > 0) json.member(agent.name, agent.ai_calls.failures);
    json.end_object();
    json.key("by_function");
    json.begin_object();
    for (const auto& function : statistics.by_function)
        if (function.runs.failures > 0) json.member(function.name, function.runs.failures);
    json.end_object();
    json.end_object();
}

}  // namespace

void write_slow(JsonWriter& json, const SlowCalls& slow, Duration threshold) {
    json.key("slow");
    json.begin_object();
    json.member("threshold_ms", static_cast<double>(threshold.nanos) / 1e6);
    json.member("calls", slow.calls);
    write_rows(json, "slowest", slow.slowest, [&](const auto& one) {
        json.member("reason", one.reason);
        write_call(json, one.call);
    });
    json.end_object();
}

void write_members(JsonWriter& json, const Statistics& statistics, const StatisticsOptions& options) {
    write_summary(json, statistics);
    write_figures(json, "ai_calls", statistics.ai_calls);
    write_figures(json, "functions", statistics.functions);
    write_figures(json, "agents", statistics.agents);
    write_rows(json, "by_agent", statistics.by_agent, [&](const auto& agent) {
        json.member("agent", agent.name);
        write_figures(json, "ai_calls", agent.ai_calls);
        write_sums(json, "subtree", agent.subtree);
        write_figures(json, "runs", agent.runs);
    });
    write_rows(json, "by_function", statistics.by_function, [&](const auto& function) {
        json.member("function", function.name);
        write_figures(json, "runs", function.runs);
        write_figures(json, "ai_calls", function.ai_calls);
        write_sums(json, "subtree", function.subtree);
        json.key("operations");
        json.begin_object();
        for (const auto& [operation, runs] : function.operations) json.member(operation, runs);
        json.end_object();
    });
    write_rows(json, "by_model", statistics.by_model, [&](const auto& model) {
        write_name(json, "provider", model.provider);
        write_name(json, "model", model.name);
        write_members(json, model.calls);
    });
    if (options.bucket) {
        write_rows(json, "buckets", statistics.buckets, [&](const auto& bucket) {
            json.member("begin", bucket.begin.to_string());
            json.member("requests", bucket.requests);
            write_members(json, bucket.ai_calls);
        });
    }
    write_rows(json, "top_expensive", statistics.expensive,
               [&](const Call& call) { write_call(json, call); });
    write_slow(json, {statistics.slow, statistics.slow_calls}, options.slow);
    if (options.high_tokens > 0) {
        json.key("large");
        json.begin_object();
        json.member("threshold_tokens", options.high_tokens);
        json.member("calls", statistics.large_calls);
        write_rows(json, "largest", statistics.large, [&](const Call& call) { write_call(json, call); });
        json.end_object();
    }
    write_errors(json, statistics);
    json.member("truncated", statistics.truncated);
}

}  // namespace steno::analysis
