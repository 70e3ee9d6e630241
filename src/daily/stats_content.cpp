#include "analysis/statistics.hpp"
#include "base/json_or_null.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "daily/content.hpp"
#include "daily/entries.hpp"

#include <map>
#include <string_view>
#include <utility>

namespace steno::daily {

namespace {

using analysis::Figures;
using analysis::Statistics;

constexpr std::uint32_t kMostGroups = 10'000;

/// What DailyStatistics says of a model, whatever providers have one of that name.
struct Model {
    std::int64_t calls = 0;
    std::optional<std::int64_t> tokens;
    std::optional<Decimal> cost;
    std::string currency;
    bool mixed = false;  ///< currencies are not added up

    void add(const Figures& figures) {
        calls += figures.calls;
        tokens = sum_of_tokens(tokens, figures.tokens());
        mixed = mixed || figures.cost.currency == "mixed" ||
                (cost && figures.cost.total && currency != figures.cost.currency);
        if (figures.cost.total) {
            cost = cost.value_or(Decimal()) + *figures.cost.total;
            currency = figures.cost.currency;
        }
        if (mixed) cost.reset();
    }
};

class StatsWriter {
  public:
    explicit StatsWriter(std::string& out) : json_(out) {}

    void write(const Day& day, const Statistics& found) {
        json_.begin_object();
        json_.member("date", day.date);
        summary(found);
        by_agent(found);
        by_function(found);
        by_model(found);
        expensive(found);
        slow(found);
        errors(found);
        json_.end_object();
    }

  private:
    void open(std::string_view name) {
        json_.key(name);
        json_.begin_object();
    }
    void money(std::string_view name, const std::optional<Decimal>& amount) {
        json_.key(name);
        if (amount)
            json_.raw(amount->to_short_string());
        else
            json_.null();
    }
    static std::optional<double> milliseconds(const std::optional<Duration>& duration) {
        if (!duration) return std::nullopt;
        return static_cast<double>(duration->nanos) / 1e6;
    }
    /// As all rates here, of a hundred.
    static std::optional<double> percent(const std::optional<double>& share) {
        return share ? std::optional(*share * 100) : std::nullopt;
    }
    template <class T>
    static std::optional<double> average(const std::optional<T>& sum, std::int64_t of) {
        if (!sum || of == 0) return std::nullopt;
        return static_cast<double>(*sum) / static_cast<double>(of);
    }
    static std::optional<double> success(const Figures& figures) {
        const auto failed = figures.failure_rate();
        return failed ? percent(1 - *failed) : std::nullopt;
    }

    void summary(const Statistics& found) {
        const Figures& ai = found.ai_calls;
        open("summary");
        json_.member("totalRequests", found.requests);
        json_.member("totalAICalls", ai.calls);
        json_.member("totalFunctionCalls", found.functions.calls);
        number_or_null(json_, "totalTokens", ai.tokens());
        number_or_null(json_, "totalDurationMs", milliseconds(ai.duration));
        number_or_null(json_, "averageTokensPerRequest", average(ai.tokens(), found.requests));
        number_or_null(json_, "averageDurationPerRequest",
                       average(milliseconds(ai.duration), found.requests));
        money("estimatedTotalCost", ai.cost.total);
        json_.end_object();
    }

    void by_agent(const Statistics& found) {
        open("byAgent");
        for (const Statistics::Agent& agent : found.by_agent) {
            const Figures& figures = agent.ai_calls;
            open(agent.name);
            json_.member("calls", figures.calls);
            number_or_null(json_, "tokens", figures.tokens());
            number_or_null(json_, "durationMs", milliseconds(figures.duration));
            number_or_null(json_, "averageTokens", average(figures.tokens(), figures.calls));
            number_or_null(json_, "averageDuration", milliseconds(figures.duration_average));
            number_or_null(json_, "successRate", success(figures));
            json_.end_object();
        }
        json_.end_object();
    }

    void by_function(const Statistics& found) {
        open("byFunction");
        for (const Statistics::Function& function : found.by_function) {
            const Figures& figures = function.runs;
            if (figures.calls == 0) continue;  // AI calls say that they were made in it, and it never ran
            open(function.name);
            json_.member("calls", figures.calls);
            number_or_null(json_, "durationMs", milliseconds(figures.duration));
            number_or_null(json_, "averageDuration", milliseconds(figures.duration_average));
            number_or_null(json_, "successRate", success(figures));
            open("operations");
            for (const auto& [operation, runs] : function.operations) json_.member(operation, runs);
            json_.end_object();
            json_.end_object();
        }
        json_.end_object();
    }

    void by_model(const Statistics& found) {
        std::map<std::string_view, Model> models;
        for (const Statistics::Model& model : found.by_model)
            models[model.name.empty() ? "unknown" : std::string_view(model.name)].add(model.calls);
        open("byModel");
        for (const auto& [name, model] : models) {
            open(name);
            json_.member("calls", model.calls);
            number_or_null(json_, "tokens", model.tokens);
            number_or_null(json_, "averageTokens", average(model.tokens, model.calls));
            money("estimatedCost", model.cost);
            json_.end_object();
        }
        json_.end_object();
    }

    void expensive(const Statistics& found) {
        json_.key("topExpensiveCalls");
        json_.begin_array();
        for (const Call& call : found.expensive) {
            json_.begin_object();
            json_.member("id", call.id.to_string());
            text_or_null(json_, "agent", agent_of(call));
            text_or_null(json_, "function", function_of(call));
            number_or_null(json_, "tokens", sum_of_tokens(call.usage.input_tokens, call.usage.output_tokens));
            number_or_null(json_, "durationMs", milliseconds(call.time.duration));
            text_or_null(json_, "timestamp", call.started_at ? iso_milliseconds(*call.started_at) : "");
            json_.end_object();
        }
        json_.end_array();
    }

    void slow(const Statistics& found) {
        json_.key("slowCalls");
        json_.begin_array();
        for (const Statistics::Slow& slow : found.slow) {
            json_.begin_object();
            json_.member("id", slow.call.id.to_string());
            number_or_null(json_, "durationMs", milliseconds(slow.call.time.duration));
            text_or_null(json_, "agent", agent_of(slow.call));
            text_or_null(json_, "function", function_of(slow.call));
            json_.member("reason", slow.reason);
            text_or_null(json_, "timestamp",
                         slow.call.started_at ? iso_milliseconds(*slow.call.started_at) : "");
            json_.end_object();
        }
        json_.end_array();
    }

    void errors(const Statistics& found) {
        open("errorRate");
        json_.member("totalErrors", found.ai_calls.failures);
        number_or_null(json_, "errorRate", percent(found.ai_calls.failure_rate()));
        open("errorsByAgent");
        for (const Statistics::Agent& agent : found.by_agent)
            if (agent.ai_calls.failures > 0) json_.member(agent.name, agent.ai_calls.failures);
        json_.end_object();
        open("errorsByFunction");
        for (const Statistics::Function& function : found.by_function)
            if (function.runs.failures > 0) json_.member(function.name, function.runs.failures);
        json_.end_object();
        json_.end_object();
    }

    JsonWriter json_;
};

class StatsContent final : public exports::Pieces {
  public:
    StatsContent(store::CallStore& store, const Day& day, Duration slow)
        : store_(store), day_(day), slow_(slow) {}

    Result<bool> next(std::string& out) override {
        analysis::StatisticsOptions options;
        options.slow = slow_;
        options.groups = kMostGroups;
        STENO_ASSIGN(const auto calls, store_.snapshot(analysis::kStatisticsAtOnce));
        STENO_ASSIGN(const Statistics found, analysis::statistics(*calls, calls_of(day_), options));
        if (found.truncated)
            log::warning("the statistics of {} name the first {} agents, functions and models: it has more",
                         day_.date, kMostGroups);
        StatsWriter(out).write(day_, found);
        out += '\n';
        return false;
    }

  private:
    store::CallStore& store_;
    Day day_;
    Duration slow_;
};

}  // namespace

std::unique_ptr<exports::Pieces> stats_content(Record record, const Day& day, const Options& options) {
    return std::make_unique<StatsContent>(record.store, day, options.slow);
}

}  // namespace steno::daily
