#include "base/json_or_null.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "calendar/zone.hpp"
#include "record/json_reader.hpp"
#include "repricing/counts.hpp"
#include "repricing/fit.hpp"
#include "repricing/price_book.hpp"
#include "server/api.hpp"
#include "server/price_warnings.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace steno::server {

namespace {

using repricing::Author;
using repricing::PriceBook;
using repricing::PriceVersion;

constexpr std::uint64_t kMostVersions = 1000;
constexpr std::size_t kMostNames = 20;

void write_version(JsonWriter& json, const PriceVersion& version) {
    json.begin_object();
    json.member("version", version.price.version);
    json.member("price_id", version.price.id());
    json.member_raw("price", pricing::price_to_json(version.price));
    json.member("in_force", !version.ended_at);
    json.member("set_at", version.set_at.to_string());
    text_or_null(json, "set_by", version.set_by.by);
    text_or_null(json, "reason", version.set_by.reason);
    number_or_null(json, "replaces", version.replaces);
    write_moment(json, "ended_at", version.ended_at);
    text_or_null(json, "ended_by", version.ended_by.by);
    text_or_null(json, "end_reason", version.ended_by.reason);
    number_or_null(json, "replaced_by", version.replaced_by);
    json.end_object();
}

/// {"prices": […], "reason": "…", "by": "…"}
struct Wanted {
    std::vector<pricing::Price> prices;
    Author author;
};

Result<Wanted> read_wanted(std::string_view body) {
    constexpr std::string_view kExample =
        R"({"prices": [{"provider": "openai", "model": "gpt-4o", "input": "2.10", "from": "2026-12-01"}]})";
    Wanted wanted;
    std::string prices;
    std::string unknown;
    JsonReader json(body);
    const bool whole = json.object([&](std::string_view name) {
        if (name == "prices") return json.peek() == JsonReader::Type::Array && json.raw(prices);
        if (name == "reason")
            return json.peek() == JsonReader::Type::String && json.string(wanted.author.reason);
        if (name == "by") return json.peek() == JsonReader::Type::String && json.string(wanted.author.by);
        unknown = name;
        return false;
    });
    if (!unknown.empty())
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is not known here", unknown.substr(0, 80)),
                    "prices, reason, by");
    if (!whole || !json.at_end() || prices.empty())
        return fail(Code::InvalidArgument, "the body is no list of prices", std::string(kExample));
    STENO_ASSIGN(wanted.prices, pricing::prices_from_json(prices));
    if (wanted.prices.empty())
        return fail(Code::InvalidArgument, "the list of prices is empty", std::string(kExample));
    return wanted;
}

/// "17", or "own-17" as price ids end.
Result<std::int64_t> version_number(std::string_view text) {
    const std::string_view digits = text.starts_with("own-") ? text.substr(4) : text;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size() && number > 0) return number;
    return fail(Code::InvalidArgument, fmt::format("\"{}\" is no version of a price", text.substr(0, 80)),
                "the number behind own- in its id: 17");
}

/// "1,own-2"
Result<std::vector<pricing::Price>> versions_parameter(PriceBook& book, const ApiRequest& request) {
    std::vector<pricing::Price> prices;
    const auto texts = split(request.parameter("versions").value_or(""), ',');
    if (texts.empty())
        return fail(Code::InvalidArgument, "versions: of which prices?",
                    "the numbers behind own- in their ids: versions=1,own-2");
    if (texts.size() > kMostVersions)
        return fail(Code::InvalidArgument, fmt::format("versions: at most {}", kMostVersions));
    for (const std::string_view text : texts) {
        STENO_ASSIGN(const std::int64_t number, version_number(text));
        STENO_ASSIGN(PriceVersion version, book.version(number));
        prices.push_back(std::move(version.price));
    }
    return prices;
}

}  // namespace

Result<ApiAnswer> fit_prices(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"versions", "days"}));
    STENO_ASSIGN(const std::uint64_t days, number_parameter(request, "days", 30, 1, 366));
    STENO_ASSIGN(const auto prices, versions_parameter(*services.prices, request));
    services.data.calls().catch_up();
    const Timestamp now = system_clock().now();
    const Timestamp from{now.unix_nanos - static_cast<std::int64_t>(days) * calendar::kDay, 0};
    STENO_ASSIGN(const repricing::Fits found, repricing::fits(services.data.store(), prices,
                                                              *services.data.recorder().prices(), from, now));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("from", from.to_string());
    json.member("to", now.to_string());
    json.member("looked_at", found.looked_at);
    json.member("complete", found.complete);
    write_moment(json, "looked_until", found.complete ? std::nullopt : found.last);
    json.key("prices");
    json.begin_array();
    for (std::size_t i = 0; i < prices.size(); ++i) {
        const repricing::Fit& fit = found.of[i];
        json.begin_object();
        json.member("version", prices[i].version);
        json.member("provider", prices[i].provider);
        json.member("model", prices[i].model);
        number_or_null(json, "calls", fit.judged ? std::optional(fit.calls) : std::nullopt);
        number_or_null(json, "unpriced", fit.judged ? std::optional(fit.unpriced) : std::nullopt);
        repricing::write_counts(json, "reasons", "reason", {fit.reasons.begin(), fit.reasons.end()},
                                kMostNames);
        json.member("same_as_known", !fit.model_unknown);
        repricing::Counts models;
        for (const auto& [name, calls] : found.models)
            if (name.first == prices[i].provider) models.emplace_back(name.second, calls);
        repricing::write_counts(json, "models", "model", std::move(models), kMostNames);
        json.end_object();
    }
    json.end_array();
    repricing::write_counts(json, "providers", "provider", {found.providers.begin(), found.providers.end()},
                            kMostNames);
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_prices(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"provider", "model", "id", "own"}));
    const auto own = request.parameter("own");
    if (own && *own != "true" && *own != "false")
        return fail(Code::InvalidArgument, "own takes true or false");
    auto prices = services.data.recorder().prices()->list(request.parameter("provider").value_or(""),
                                                          request.parameter("model").value_or(""));
    if (own == "true") std::erase_if(prices, [](const pricing::Price& price) { return price.version == 0; });
    if (const auto id = request.parameter("id"))
        std::erase_if(prices, [&](const pricing::Price& price) { return price.id() != *id; });
    ApiAnswer answer;
    answer.body = "{\"prices\":" + pricing::prices_to_json(prices) + "}";
    return answer;
}

Result<ApiAnswer> set_prices(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(Wanted wanted, read_wanted(request.body));
    STENO_ASSIGN(const auto sets,
                 services.prices->set(std::move(wanted.prices), wanted.author, system_clock().now()));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("prices");
    json.begin_array();
    for (const PriceBook::Set& set : sets) {
        json.begin_object();
        json.member("changed", set.changed);
        json.key("now");
        write_version(json, set.now);
        json.key("before");
        if (set.before)
            write_version(json, *set.before);
        else
            json.null();
        json.end_object();
    }
    json.end_array();
    std::vector<pricing::Price> set;
    for (const PriceBook::Set& one : sets) set.push_back(one.now.price);
    json.key("warnings");
    json.begin_array();
    for (const std::string& warning : price_warnings(services, set)) json.string(warning);
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_price_versions(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"limit"}));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 100, 1, kMostVersions));
    STENO_ASSIGN(const PriceBook::History history, services.prices->history(limit));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("versions");
    json.begin_array();
    for (const PriceVersion& version : history.versions) write_version(json, version);
    json.end_array();
    json.key("damaged");
    json.begin_array();
    for (const repricing::DamagedPrice& one : history.damaged) {
        json.begin_object();
        json.member("version", one.version);
        json.member("in_force", one.in_force);
        json.member("set_at", one.set_at.to_string());
        text_or_null(json, "set_by", one.set_by.by);
        text_or_null(json, "reason", one.set_by.reason);
        json.member("error", one.error.message);
        json.member("remedy", one.error.remedy);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_price_version(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(const std::int64_t number, version_number(request.captures.front()));
    STENO_ASSIGN(const PriceVersion version, services.prices->version(number));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    write_version(json, version);
    return answer;
}

Result<ApiAnswer> remove_price(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"reason", "by"}));
    STENO_ASSIGN(const std::int64_t number, version_number(request.captures.front()));
    const Author author{std::string(request.parameter("by").value_or("")),
                        std::string(request.parameter("reason").value_or(""))};
    STENO_ASSIGN(const PriceVersion version, services.prices->remove(number, author, system_clock().now()));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    write_version(json, version);
    return answer;
}

Result<ApiAnswer> explain_price(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"project"}));
    STENO_ASSIGN(const Uuid id, services.data.calls().id_of(request.captures.front()));
    STENO_ASSIGN(const Call call, services.data.calls().get(id, request.parameter("project")));
    const pricing::Explanation explanation = services.data.recorder().prices()->explain(call);
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("call_id", id.to_string());
    if (explanation.price) {
        const std::string list = pricing::prices_to_json({*explanation.price});
        const std::size_t begin = list.find('{');
        json.member("price_id", explanation.price->id());
        json.member_raw("price", std::string_view(list).substr(begin, list.rfind('}') - begin + 1));
    }
    if (!explanation.rule.empty()) json.member("rule", explanation.rule);
    json.key("lines");
    json.begin_array();
    Decimal total;
    for (const pricing::CostLine& line : explanation.lines) {
        json.begin_object();
        json.member("thing", line.thing);
        json.member("count", line.count);
        json.member("price", line.price.to_string());
        json.member("per", line.per);
        json.member("amount", line.amount.to_string());
        json.end_object();
        total += line.amount;
    }
    json.end_array();
    if (explanation.missing.empty()) {
        json.member("total", total.to_string());
    } else {
        json.member("missing", explanation.missing);
    }
    if (call.usage.estimated.value_or(false)) json.member("estimated", true);
    if (call.cost.total) {
        json.member("recorded_total", call.cost.total->to_string());
        json.member("recorded_price_id", call.cost.price_id);
        json.member("recorded_source", call.cost.source);
    }
    if (!call.cost.repricing.empty()) {
        json.member("repricing", call.cost.repricing);
        json.key("former_total");
        if (call.cost.former.total)
            json.string(call.cost.former.total->to_string());
        else
            json.null();
        text_or_null(json, "former_price_id", call.cost.former.price_id);
        text_or_null(json, "former_source", call.cost.former.source);
    }
    json.end_object();
    return answer;
}

}  // namespace steno::server
