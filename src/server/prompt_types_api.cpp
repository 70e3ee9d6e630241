#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "budgets/budgets.hpp"
#include "calendar/period.hpp"
#include "calendar/zone.hpp"
#include "prompt_types/totals.hpp"
#include "prompt_types/types.hpp"
#include "record/json.hpp"
#include "record/json_reader.hpp"
#include "server/api.hpp"
#include "server/changing.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <compare>
#include <set>
#include <span>
#include <utility>

namespace steno::server {

namespace {

using prompt_types::Entry;
using prompt_types::Settings;
using prompt_types::Total;

constexpr std::size_t kMostTypes = 10'000;
/// Those that calls carry, and those for which something is set.
constexpr std::uint64_t kMostListed = prompt_types::Totals::kMostTypes + kMostTypes;
constexpr std::uint64_t kMostChanges = 1000;

/// One kind of prompt: what was set for it, and what its calls come to.
struct PromptType {
    Entry entry;
    Total total;

    [[nodiscard]] std::optional<Timestamp> created_at() const {
        if (!entry.created_at || (total.first && *total.first < *entry.created_at)) return total.first;
        return entry.created_at;
    }
    [[nodiscard]] const Total::Money* cost_in(const std::string& currency) const {
        const auto found = total.cost.find(currency);
        return found == total.cost.end() ? nullptr : &found->second;
    }
};

bool tracks(const Services& services, const Settings& settings) {
    return settings.is_active &&
           settings.track_full_data.value_or(services.prompt_types->defaults().track_full_data);
}

/// Exact sum, divided once.
std::string average(const Total::Money& money) {
    const __int128 calls = money.calls;
    __int128 units = money.sum.units() / calls;
    const __int128 rest = money.sum.units() % calls;
    if (2 * rest > calls || (2 * rest == calls && units % 2 != 0)) ++units;
    if (-2 * rest > calls || (-2 * rest == calls && units % 2 != 0)) --units;
    return Decimal::from_units(units).to_string();
}

void write_total(JsonWriter& json, const Total& total) {
    json.key("totals");
    json.begin_object();
    json.member("calls", total.calls);
    json.member("failures", total.failures);
    json.key("failure_rate");
    if (total.calls > 0)
        json.number(static_cast<double>(total.failures) / static_cast<double>(total.calls));
    else
        json.null();
    json.key("cost");
    json.begin_array();
    for (const auto& [currency, money] : total.cost) {
        json.begin_object();
        json.member("currency", currency);
        json.member("total", money.sum.to_string());
        json.member("calls", money.calls);
        json.member("average", average(money));
        json.end_object();
    }
    json.end_array();
    json.member("unpriced_calls", total.unpriced);
    json.member("removed_calls", total.removed);
    write_moment(json, "first_called_at", total.first);
    write_moment(json, "last_called_at", total.last);
    json.end_object();
}

/// What was set, all members but the closing bracket.
void begin_entry(JsonWriter& json, const Services& services, const Entry& entry) {
    json.begin_object();
    json.member("type", entry.type);
    json.member_raw("settings", prompt_types::to_json(entry.settings));
    json.member("tracks_full_data", tracks(services, entry.settings));
    json.member("revision", entry.revision);
    write_moment(json, "changed_at", entry.changed_at);
    json.key("changed_by");
    if (entry.changed_by.empty())
        json.null();
    else
        json.string(entry.changed_by);
}

/// The same, with what its calls come to.
void begin_type(JsonWriter& json, const Services& services, const PromptType& one) {
    begin_entry(json, services, one.entry);
    write_moment(json, "created_at", one.created_at());
    write_total(json, one.total);
}

/// Totals are right only when what an interrupted removal left undone is done.
Result<void> bring_up_to_now(Services& services) {
    services.data.calls().catch_up();
    return services.custodian.finish_interrupted();
}

/// What whoever makes a change should know: that it does not hold everywhere yet, or does not do what he may
/// mean.
void write_warnings(JsonWriter& json, const Services& services, std::span<const Entry> changed) {
    std::set<std::string> warnings;
    if (const auto in_force = services.prompt_types->be_in_force(); !in_force)
        warnings.insert(in_force.error().message);
    for (const Entry& entry : changed) warnings.insert(services.prompt_types->warning(entry.settings));
    warnings.erase("");
    json.key("warnings");
    json.begin_array();
    for (const std::string& warning : warnings) json.string(warning);
    json.end_array();
}

/// Those that calls carry, and those for which something was set.
Result<std::vector<PromptType>> all_types(Services& services) {
    STENO_TRY(bring_up_to_now(services));
    STENO_ASSIGN(auto totals, services.prompt_totals->all());
    STENO_ASSIGN(auto entries, services.prompt_types->all());
    std::vector<PromptType> types;
    for (auto& [type, total] : totals) {
        PromptType& one = types.emplace_back();
        one.total = std::move(total);
        one.entry.type = type;
        const auto set = entries.find(type);
        if (set == entries.end()) continue;
        one.entry = std::move(set->second);
        entries.erase(set);
    }
    for (auto& [type, entry] : entries) types.push_back({std::move(entry), {}});
    return types;
}

Result<std::optional<bool>> flag_parameter(const ApiRequest& request, std::string_view name) {
    const auto text = request.parameter(name);
    if (!text) return std::nullopt;
    if (*text == "true") return true;
    if (*text == "false") return false;
    return fail(Code::InvalidArgument, fmt::format("{} takes true or false", name));
}

/// search, track_full_data, is_active, created_from, created_to.
Result<void> keep_those_asked_for(const Services& services, const ApiRequest& request,
                                  std::vector<PromptType>& types) {
    STENO_ASSIGN(const auto track, flag_parameter(request, "track_full_data"));
    STENO_ASSIGN(const auto active, flag_parameter(request, "is_active"));
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    std::optional<Timestamp> from, to;
    if (const auto text = request.parameter("created_from")) {
        STENO_ASSIGN(from, calendar::parse_moment(*text, zone, false));
    }
    if (const auto text = request.parameter("created_to")) {
        STENO_ASSIGN(to, calendar::parse_moment(*text, zone, true));
    }
    const std::string search = lower_case(request.parameter("search").value_or(""));
    const auto says = [&](const std::string& text) { return lower_case(text).contains(search); };
    std::erase_if(types, [&](const PromptType& one) {
        const auto created = one.created_at();
        return (track && tracks(services, one.entry.settings) != *track) ||
               (active && one.entry.settings.is_active != *active) ||
               (from && (!created || *created < *from)) || (to && (!created || *created >= *to)) ||
               (!search.empty() && !says(one.entry.type) && !says(one.entry.settings.description));
    });
    return {};
}

/// Negative: a before b, ascending. What has no value is the least.
template <class T>
int order_of(const std::optional<T>& a, const std::optional<T>& b) {
    if (!a || !b) return int{a.has_value()} - int{b.has_value()};
    return *a < *b ? -1 : *b < *a ? 1 : 0;
}

Result<void> put_in_order(const ApiRequest& request, std::vector<PromptType>& types) {
    std::string_view order = request.parameter("order").value_or("type");
    const bool descending = order.starts_with('-');
    if (descending) order.remove_prefix(1);
    const std::string currency(request.parameter("currency").value_or("USD"));
    const auto cost = [&](const PromptType& one) {
        const Total::Money* money = one.cost_in(currency);
        return money == nullptr ? std::nullopt : std::optional(money->sum);
    };
    const auto average_cost = [&](const PromptType& one) {
        const Total::Money* money = one.cost_in(currency);
        return money == nullptr ? std::nullopt
                                : std::optional(Decimal::from_units(money->sum.units() / money->calls));
    };
    const auto failure_rate = [](const PromptType& one) {
        return one.total.calls == 0 ? std::nullopt
                                    : std::optional(static_cast<double>(one.total.failures) /
                                                    static_cast<double>(one.total.calls));
    };
    const auto compare = [&](const PromptType& a, const PromptType& b) -> std::optional<int> {
        if (order == "type") return 0;
        if (order == "calls") return order_of(std::optional(a.total.calls), std::optional(b.total.calls));
        if (order == "failures")
            return order_of(std::optional(a.total.failures), std::optional(b.total.failures));
        if (order == "failure_rate") return order_of(failure_rate(a), failure_rate(b));
        if (order == "cost") return order_of(cost(a), cost(b));
        if (order == "average_cost") return order_of(average_cost(a), average_cost(b));
        if (order == "last_called_at") return order_of(a.total.last, b.total.last);
        if (order == "created_at") return order_of(a.created_at(), b.created_at());
        return std::nullopt;
    };
    if (!compare({}, {}))
        return fail(Code::InvalidArgument,
                    fmt::format("order: prompt types have no \"{}\"", utf8_prefix(order, 80)),
                    "type, calls, failures, failure_rate, cost, average_cost, last_called_at or created_at; "
                    "with - before it the greatest first");
    std::ranges::sort(types, [&](const PromptType& a, const PromptType& b) {
        const int by_value = *compare(a, b);
        if (by_value != 0) return descending ? by_value > 0 : by_value < 0;
        const bool by_name = a.entry.type < b.entry.type;
        return descending && order == "type" ? b.entry.type < a.entry.type : by_name;
    });
    return {};
}

std::string etag(const Entry& entry) {
    return fmt::format("\"{}\"", entry.revision);
}

/// The revision that If-Match names; absent: any.
Result<std::optional<std::int64_t>> wanted_revision(const ApiRequest& request) {
    const auto field = request.head.headers.get("if-match");
    if (!field || trim(*field) == "*") return std::nullopt;
    std::string_view text = trim(*field);
    std::int64_t revision = 0;
    if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
        if (error == std::errc() && end == text.data() + text.size()) return revision;
    }
    return fail(Code::InvalidArgument, "If-Match is no ETag of a prompt type", "as GET gave it: \"12\"");
}

/// What was changed meanwhile is another answer than what cannot be done.
std::optional<ApiAnswer> lost_race(const Error& error, const std::optional<std::int64_t>& revision) {
    if (!revision || error.code != Code::FailedPrecondition) return std::nullopt;
    return problem(412, "precondition_failed", error.message, error.remedy);
}

/// {"types": […]} or {"search": "…"} or {"all": true}, and {"set": {…}}.
struct Bulk {
    std::vector<std::string> types;
    std::string search;
    bool all = false;
    std::string set;
};

Result<Bulk> read_bulk(std::string_view body) {
    constexpr std::string_view kExample = R"({"types": ["a", "b"], "set": {"track_full_data": false}})";
    Bulk bulk;
    std::string unknown;
    JsonReader json(body);
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        if (name == "types")
            return json.peek() == JsonReader::Type::Array && json.array([&] {
                std::string& type = bulk.types.emplace_back();
                return json.peek() == JsonReader::Type::String && json.string(type);
            });
        if (name == "search") return json.peek() == JsonReader::Type::String && json.string(bulk.search);
        if (name == "all") return json.peek() == JsonReader::Type::Boolean && json.boolean(bulk.all);
        if (name == "set") return json.peek() == JsonReader::Type::Object && json.raw(bulk.set);
        unknown = name;
        return false;
    });
    if (!unknown.empty())
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is not known here", utf8_prefix(unknown, 80)),
                    "types, search or all, and set");
    if (!whole || !json.at_end())
        return fail(Code::InvalidArgument, "the body is no change of prompt types", std::string(kExample));
    if (int{!bulk.types.empty()} + int{!bulk.search.empty()} + int{bulk.all} != 1)
        return fail(Code::InvalidArgument, "which prompt types? One of types, search and all says so",
                    std::string(kExample));
    if (bulk.set.empty())
        return fail(Code::InvalidArgument, "set is missing: what is to be changed", std::string(kExample));
    if (bulk.types.size() > kMostTypes)
        return fail(Code::InvalidArgument, fmt::format("types: at most {}", kMostTypes));
    return bulk;
}

/// Their names are all that is asked for: whatever else of the record cannot be had now, they can be changed.
Result<std::vector<std::string>> types_that_fit(Services& services, const Bulk& bulk) {
    STENO_ASSIGN(const auto entries, services.prompt_types->all());
    services.data.calls().catch_up();
    const std::string search = lower_case(bulk.search);
    const auto fits = [&](const std::string& type) {
        const auto entry = entries.find(type);
        if (entry == entries.end() && !prompt_types::check_type(type)) return false;  // nothing can be set
        if (bulk.all || lower_case(type).contains(search)) return true;
        return entry != entries.end() && lower_case(entry->second.settings.description).contains(search);
    };
    auto types = services.prompt_totals->types(fits);
    if (!types) {
        types.error().remedy = "name the types that you mean: nothing else is needed then";
        return std::unexpected(std::move(types).error().with_context(
            "it is not known which prompt types there are, and nothing was changed"));
    }
    for (const auto& [type, entry] : entries)
        if (fits(type)) types->insert(type);
    return std::vector(types->begin(), types->end());
}

}  // namespace

Result<ApiAnswer> list_prompt_types(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"search", "track_full_data", "is_active", "created_from",
                                        "created_to", "tz", "order", "currency", "limit"}));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 1000, 1, kMostListed));
    STENO_ASSIGN(auto types, all_types(services));
    STENO_TRY(keep_those_asked_for(services, request, types));
    STENO_TRY(put_in_order(request, types));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("default_track_full_data", services.prompt_types->defaults().track_full_data);
    json.member("count", std::uint64_t{types.size()});
    json.key("prompt_types");
    json.begin_array();
    for (std::size_t i = 0; i < std::min<std::size_t>(types.size(), limit); ++i) {
        begin_type(json, services, types[i]);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_prompt_type(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    const std::string& type = request.captures.front();
    STENO_TRY(bring_up_to_now(services));
    PromptType one;
    STENO_ASSIGN(one.entry, services.prompt_types->get(type));
    STENO_ASSIGN(auto total, services.prompt_totals->of(type));
    if (!total && one.entry.revision == 0)
        return fail(Code::NotFound, fmt::format("there is no prompt type \"{}\"", utf8_prefix(type, 80)),
                    "no call carries it, and nothing is set for it: steno prompt-types list");
    if (total) one.total = std::move(*total);
    STENO_ASSIGN(const auto latest, services.prompt_totals->latest(type));
    ApiAnswer answer;
    answer.headers.emplace_back("ETag", etag(one.entry));
    JsonWriter json(answer.body);
    begin_type(json, services, one);
    json.key("budgets");
    json.begin_array();
    if (const auto budgets = services.budgets.all()) {
        for (const budgets::Budget& budget : *budgets)
            if (budget.scope.prompt_type == type) json.string(budget.name);
    }
    json.end_array();
    json.key("latest");
    if (latest)
        json.raw(to_json(*latest));
    else
        json.null();
    json.end_object();
    return answer;
}

Result<ApiAnswer> change_prompt_type(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    const std::string& type = request.captures.front();
    STENO_ASSIGN(const auto revision, wanted_revision(request));
    const auto changed = services.prompt_types->change(
        {type}, [&](Settings& settings) { return prompt_types::from_json(request.body, settings); },
        author_of(request), system_clock().now(), revision);
    if (!changed) {
        if (auto lost = lost_race(changed.error(), revision)) return std::move(*lost);
        return std::unexpected(changed.error());
    }
    ApiAnswer answer;
    answer.headers.emplace_back("ETag", etag(changed->front()));
    JsonWriter json(answer.body);
    begin_entry(json, services, changed->front());
    write_warnings(json, services, *changed);
    json.end_object();
    return answer;
}

Result<ApiAnswer> reset_prompt_type(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    STENO_ASSIGN(const auto revision, wanted_revision(request));
    const auto done = services.prompt_types->reset(request.captures.front(), author_of(request),
                                                   system_clock().now(), revision);
    if (!done) {
        if (auto lost = lost_race(done.error(), revision)) return std::move(*lost);
        return std::unexpected(done.error());
    }
    return nothing();
}

Result<ApiAnswer> change_prompt_types(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    STENO_ASSIGN(Bulk bulk, read_bulk(request.body));
    std::vector<std::string> types = std::move(bulk.types);
    if (types.empty()) {
        STENO_ASSIGN(types, types_that_fit(services, bulk));
    }
    std::ranges::sort(types);
    const auto twice = std::ranges::unique(types);
    types.erase(twice.begin(), twice.end());
    STENO_ASSIGN(const auto changed,
                 services.prompt_types->change(
                     types, [&](Settings& settings) { return prompt_types::from_json(bulk.set, settings); },
                     author_of(request), system_clock().now()));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("count", std::uint64_t{changed.size()});
    json.key("prompt_types");
    json.begin_array();
    for (const Entry& entry : changed) {
        begin_entry(json, services, entry);
        json.end_object();
    }
    json.end_array();
    write_warnings(json, services, changed);
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_prompt_type_changes(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"type", "limit"}));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 100, 1, kMostChanges));
    STENO_ASSIGN(const auto changes,
                 services.prompt_types->changes(request.parameter("type").value_or(""), limit));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("changes");
    json.begin_array();
    for (const prompt_types::Change& change : changes) {
        json.begin_object();
        json.member("number", change.number);
        json.member("at", change.at.to_string());
        json.member("type", change.type);
        json.member_raw("before", change.before);
        json.member_raw("after", change.after.empty() ? "null" : change.after);
        for (const auto& [name, text] :
             {std::pair("by", &change.author.by), std::pair("reason", &change.author.reason)}) {
            json.key(name);
            if (text->empty())
                json.null();
            else
                json.string(*text);
        }
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace steno::server
