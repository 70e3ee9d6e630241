#include "analysis/prompt_comparison.hpp"
#include "analysis/prompt_comparison_json.hpp"
#include "analysis/prompt_performance.hpp"
#include "analysis/prompt_trends.hpp"
#include "base/json_writer.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"
#include "prompts/names.hpp"
#include "prompts/registry.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <vector>

namespace steno::server {

namespace {

constexpr std::string_view kUsualPeriod = "30d";
constexpr std::uint32_t kNamesLookedAt = 1000;  ///< for one that was meant
constexpr std::size_t kVersionsTold = 10;
constexpr std::size_t kLongestCompared = 200;  ///< of a name, in bytes

/// Where the labels of a prompt stand; none where the registry does not have it: its calls are measured all
/// the same.
using Labels = std::map<std::string, std::string>;
Result<std::optional<Labels>> labels_of(const Services& services, const std::string& name) {
    if (services.prompts == nullptr) return std::nullopt;
    const auto prompt = services.prompts->get(name);
    if (!prompt && prompt.error().code == Code::NotFound) return std::nullopt;
    if (!prompt) return std::unexpected(prompt.error());
    Labels labels;
    for (const prompts::Label& label : prompt->labels)
        if (label.version) labels[label.name] = *label.version;
    if (!prompt->versions.empty())
        labels[std::string(prompts::kLatest)] = prompt->versions.front().number.text();
    return labels;
}

/// What all three questions are about.
struct Asked {
    std::string prompt;
    calendar::Zone zone;
    calendar::Period period;
    store::Selection selection;  ///< within the period
    Labels labels;
    std::unique_ptr<store::CallQueries> calls;

    void write(JsonWriter& json) const {
        json.member("name", prompt);
        write_period(json, "period", period, zone);
        json.key("labels");
        json.begin_object();
        for (const auto& [label, version] : labels) json.member(label, version);
        json.end_object();
    }
    /// A version, or the one where this label stands.
    [[nodiscard]] std::string version(std::string_view text) const {
        const auto label = labels.find(std::string(text));
        return label == labels.end() ? std::string(text) : label->second;
    }
};

/// NotFound: neither the registry nor any call has that name.
Result<void> check_known(store::CallQueries& store, const std::string& name) {
    STENO_ASSIGN(const std::uint64_t calls, store.count(analysis::executions_of(name, {})));
    if (calls > 0) return {};
    store::AggregateQuery query;
    query.group_by = {store::make_field("prompt.name").value()};
    query.measures = {store::make_measure("calls").value()};
    query.order = "calls";
    query.limit = kNamesLookedAt;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    std::vector<std::string> names;
    for (const auto& row : table.groups)
        if (row.key[0]) names.emplace_back(utf8_prefix(std::get<std::string>(*row.key[0]), kLongestCompared));
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view meant = nearest(utf8_prefix(name, kLongestCompared), views);
    return fail(Code::NotFound,
                fmt::format("no call names the prompt \"{}\", and there is none", utf8_prefix(name, 80)),
                meant.empty()
                    ? "calls name one by prompt.name; steno prompts list shows those that are kept here"
                    : fmt::format("did you mean {}?", meant));
}

Result<Asked> asked(Services& services, const ApiRequest& request,
                    std::initializer_list<std::string_view> others) {
    Asked asked;
    asked.prompt = request.captures.front();
    STENO_ASSIGN(asked.zone, zone_parameter(request));
    STENO_ASSIGN(asked.selection, selection_parameters(request, others));
    STENO_TRY(no_text(asked.selection));
    STENO_ASSIGN(asked.period, period_parameter(request, asked.zone, kUsualPeriod));
    asked.selection.from = asked.period.from;
    asked.selection.to = asked.period.to;
    services.data.calls().catch_up();
    STENO_ASSIGN(asked.calls, services.data.store().snapshot());
    STENO_ASSIGN(auto labels, labels_of(services, asked.prompt));
    if (!labels) STENO_TRY(check_known(*asked.calls, asked.prompt));
    if (labels) asked.labels = std::move(*labels);
    return asked;
}

/// NotFound: calls of the question name versions, and this is none of them.
Result<void> check_called(store::CallQueries& store, const Asked& asked, const std::string& version) {
    store::AggregateQuery query;
    query.selection = analysis::executions_of(asked.prompt, asked.selection);
    query.group_by = {store::make_field("prompt.version").value()};
    query.measures = {store::make_measure("calls").value()};
    query.order = "calls";
    query.limit = kNamesLookedAt;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    std::vector<std::string> called;
    for (const auto& row : table.groups)
        if (row.key[0]) called.push_back(std::get<std::string>(*row.key[0]));
    if (called.empty() || table.truncated || std::ranges::find(called, version) != called.end()) return {};
    if (called.size() > kVersionsTold) called.resize(kVersionsTold);
    return fail(
        Code::NotFound,
        fmt::format("no call of this period names version {} of {}", utf8_prefix(version, 80), asked.prompt),
        fmt::format("calls name {}; or a longer period", fmt::join(called, ", ")));
}

/// A list with commas; none where it is not given.
std::vector<std::string> list_in(const ApiRequest& request, std::string_view name) {
    std::vector<std::string> items;
    if (const auto text = request.parameter(name))
        for (const std::string_view item : split(*text, ','))
            if (!item.empty()) items.emplace_back(item);
    return items;
}

Result<std::optional<double>> number_in(const ApiRequest& request, std::string_view name) {
    const auto text = request.parameter(name);
    if (!text) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc() && end == text->data() + text->size()) return value;
    return fail(Code::InvalidArgument, fmt::format("{} must be a number", name), "0.95");
}

}  // namespace

Result<ApiAnswer> show_prompt_performance(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const Asked asked, server::asked(services, request, {"by", "score", "groups", "version"}));
    analysis::PromptPerformanceQuestion question;
    question.prompt = asked.prompt;
    question.selection = asked.selection;
    if (const auto version = request.parameter("version"); version && !version->empty()) {
        STENO_ASSIGN(store::Filter only,
                     store::make_filter("prompt.version", store::Op::Eq, asked.version(*version)));
        STENO_TRY(check_called(*asked.calls, asked, asked.version(*version)));
        question.selection.filters.push_back(std::move(only));
    }
    question.score = request.parameter("score").value_or(question.score);
    STENO_ASSIGN(question.by, fields_parameter(request, "by", "prompt.version"));
    STENO_ASSIGN(const std::uint64_t groups, number_parameter(request, "groups", question.groups, 1, 10'000));
    question.groups = static_cast<std::uint32_t>(groups);
    STENO_ASSIGN(const analysis::PromptPerformanceReport report,
                 analysis::prompt_performance(*asked.calls, question));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    asked.write(json);
    analysis::write_members(json, report, question);
    json.end_object();
    return answer;
}

Result<ApiAnswer> compare_prompt_performance(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const Asked asked,
                 server::asked(services, request, {"versions", "metrics", "confidence", "effect"}));
    analysis::PromptComparisonQuestion question;
    question.prompt = asked.prompt;
    question.selection = asked.selection;
    question.zone = asked.zone;
    for (const std::string& version : list_in(request, "versions"))
        question.versions.push_back(asked.version(version));
    question.baseline = asked.version(prompts::kProduction);
    question.metrics = list_in(request, "metrics");
    STENO_ASSIGN(const auto confidence, number_in(request, "confidence"));
    if (confidence) question.confidence = *confidence;
    STENO_ASSIGN(question.effect, number_in(request, "effect"));
    STENO_ASSIGN(const analysis::PromptComparison comparison,
                 analysis::compare_versions(*asked.calls, question));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    asked.write(json);
    analysis::write_members(json, comparison);
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_prompt_trends(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const Asked asked, server::asked(services, request, {"metrics", "false_alarms"}));
    analysis::PromptTrendQuestion question;
    question.prompt = asked.prompt;
    question.selection = asked.selection;
    question.zone = asked.zone;
    question.metrics = list_in(request, "metrics");
    STENO_ASSIGN(const auto false_alarms, number_in(request, "false_alarms"));
    if (false_alarms) question.false_alarms = *false_alarms;
    STENO_ASSIGN(const analysis::PromptTrend trend, analysis::prompt_trend(*asked.calls, question));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    asked.write(json);
    analysis::write_members(json, trend);
    json.end_object();
    return answer;
}

}  // namespace steno::server
