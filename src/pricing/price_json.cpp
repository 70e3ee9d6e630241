#include "base/json_writer.hpp"
#include "pricing/amounts.hpp"
#include "pricing/catalogue.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

namespace steno::pricing {

namespace {

struct Text {
    std::string_view name;
    std::string Price::* member;
};

constexpr std::array<Text, 8> kTexts{{
    {"provider", &Price::provider},
    {"model", &Price::model},
    {"region", &Price::region},
    {"tier", &Price::tier},
    {"variant", &Price::variant},
    {"currency", &Price::currency},
    {"same_as", &Price::same_as},
    {"source", &Price::source},
}};

constexpr std::size_t kMaxBytes = 16u << 20;
constexpr std::size_t kMaxText = 1000;
constexpr std::int64_t kMillion = 1'000'000;
const Decimal kDearest = Decimal::from_units(10'000 * Decimal::kOne);
const Decimal kCheapest = Decimal::from_units(Decimal::kOne / 1000);

Result<Decimal> read_amount(const Amount& amount, std::string_view text) {
    const auto value = Decimal::parse(text);
    if (!value)
        return fail(Code::InvalidArgument,
                    fmt::format("{}: \"{}\" is not a decimal with at most twelve places", amount.name,
                                text.substr(0, 40)),
                    "write an amount like \"2.50\"");
    if (*value < Decimal{})
        return fail(Code::InvalidArgument, fmt::format("{}: a price is not negative", amount.name));
    if (amount.group == AmountGroup::Other || *value == Decimal{}) return *value;
    if (*value > kDearest)
        return fail(Code::InvalidArgument,
                    fmt::format("{}: {} for a million tokens is more than any model costs", amount.name,
                                value->to_short_string()),
                    "give the price of a million tokens in whole units of the currency");
    if (*value < kCheapest)
        return fail(Code::InvalidArgument,
                    fmt::format("{}: {} looks like a price per token", amount.name, value->to_short_string()),
                    fmt::format("prices are per million tokens: \"{}\"?",
                                value->times(kMillion, 1).to_short_string()));
    return *value;
}

Result<Timestamp> read_time(std::string_view name, std::string_view text) {
    const auto time =
        Timestamp::parse(text.size() == 10 ? fmt::format("{}T00:00:00Z", text) : std::string(text));
    if (!time)
        return fail(Code::InvalidArgument, fmt::format("{}: \"{}\" is no time", name, text.substr(0, 40)),
                    "write a day like \"2026-11-20\" or a time like \"2026-11-20T09:00:00Z\"");
    return *time;
}

/// The text of a string, or the digits of a number exactly as they stand.
Result<std::string> read_scalar(std::string_view name, simdjson::ondemand::value& value) {
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
    simdjson::ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS || type != simdjson::ondemand::json_type::number)
        return fail(Code::InvalidArgument, fmt::format("{}: a string is needed here", name));
    text = value.raw_json_token();
    double checked = 0;
    if (value.get_double().get(checked) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, fmt::format("{}: not valid JSON", name));
    return std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
}

Result<void> read_member(Price& price, std::string_view name, simdjson::ondemand::value& value) {
    STENO_ASSIGN(const std::string text, read_scalar(name, value));
    if (const Amount* amount = amount_named(name)) {
        STENO_ASSIGN(price.*amount->member, read_amount(*amount, text));
        return {};
    }
    for (const Text& member : kTexts) {
        if (member.name != name) continue;
        if (text.size() > kMaxText)
            return fail(Code::InvalidArgument, fmt::format("{}: longer than {} bytes", name, kMaxText));
        price.*member.member = text;
        return {};
    }
    if (name == "from" || name == "to") {
        STENO_ASSIGN((name == "from" ? price.from : price.to), read_time(name, text));
        return {};
    }
    if (name == "min_input_tokens" || name == "version") {
        const auto count = Decimal::parse(text);
        if (!count || *count < Decimal{} || count->units() % Decimal::kOne != 0 ||
            count->units() / Decimal::kOne > 1'000'000'000'000)
            return fail(Code::InvalidArgument, fmt::format("{}: a whole number{} is needed here", name,
                                                           name == "version" ? "" : " of tokens"));
        (name == "version" ? price.version : price.min_input_tokens) =
            static_cast<std::int64_t>(count->units() / Decimal::kOne);
        return {};
    }
    return fail(Code::InvalidArgument, fmt::format("\"{}\" is no member of a price", name.substr(0, 40)));
}

Result<void> check(Price& price) {
    if (price.provider.empty())
        return fail(Code::InvalidArgument, "provider is missing", "e.g. \"provider\": \"openai\"");
    if (price.model.empty())
        return fail(Code::InvalidArgument, "model is missing", "the exact id, or \"*\" for any other");
    const bool has_amounts =
        std::ranges::any_of(amounts(), [&](const Amount& a) { return (price.*a.member).has_value(); });
    if (!has_amounts && price.same_as.empty())
        return fail(Code::InvalidArgument, "there is no price in it",
                    "e.g. \"input\": \"2.50\", \"output\": \"10\"");
    if (has_amounts && !price.same_as.empty())
        return fail(Code::InvalidArgument, "a model that costs the same as another has no amounts of its own",
                    "give either same_as or amounts");
    if (price.from && price.to && !(*price.from < *price.to))
        return fail(Code::InvalidArgument, "to is not after from");
    if (price.currency.size() != 3 ||
        !std::ranges::all_of(price.currency, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return fail(Code::InvalidArgument, "currency: three capital letters are needed here", "e.g. \"USD\"");
    if (price.source.empty()) price.source = "custom";
    return {};
}

Result<Price> read_price(simdjson::ondemand::value& row) {
    simdjson::ondemand::object object;
    if (row.get_object().get(object) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, "not an object");
    Price price;
    for (auto field : object) {
        std::string_view name;
        simdjson::ondemand::value value;
        if (field.unescaped_key().get(name) != simdjson::SUCCESS)
            return fail(Code::InvalidArgument, "not valid JSON");
        const std::string kept(name);  // reading the value may reuse the buffer of unescaped text
        if (field.value().get(value) != simdjson::SUCCESS)
            return fail(Code::InvalidArgument, "not valid JSON");
        STENO_TRY(read_member(price, kept, value));
    }
    STENO_TRY(check(price));
    return price;
}

}  // namespace

std::string identity(const Price& price) {
    // The moment, not how it is written: 09:00+01:00 is 08:00Z.
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", price.provider, price.model, price.region, price.tier,
                       price.variant, price.min_input_tokens,
                       price.from ? std::to_string(price.from->unix_nanos) : "");
}

bool same_but_for_time(const Price& a, const Price& b) {
    return a.provider == b.provider && a.model == b.model && a.region == b.region && a.tier == b.tier &&
           a.variant == b.variant && a.min_input_tokens == b.min_input_tokens;
}

Result<std::vector<Price>> prices_from_json(std::string_view text) {
    if (text.size() > kMaxBytes)
        return fail(Code::ResourceExhausted, fmt::format("a list of prices has at most {} bytes", kMaxBytes));
    const simdjson::padded_string padded(text);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    simdjson::ondemand::array rows;
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
        document.get_array().get(rows) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, "prices are not a JSON array of objects",
                    R"(e.g. [{"provider":"openai","model":"gpt-4o","input":"2.50","output":"10"}])");
    std::vector<Price> prices;
    std::map<std::string, std::size_t> seen;
    for (auto element : rows) {
        const auto number = prices.size() + 1;
        const auto where = fmt::format("price {}", number);
        simdjson::ondemand::value row;
        if (element.get(row) != simdjson::SUCCESS)
            return fail(Code::InvalidArgument, where + ": not valid JSON");
        auto price = read_price(row);
        if (!price) return std::unexpected(std::move(price).error().with_context(where));
        const auto [other, is_new] = seen.emplace(identity(*price), number);
        if (!is_new)
            return fail(Code::InvalidArgument,
                        fmt::format("{}: says the same model, tier, region, size and start as price {}",
                                    where, other->second));
        prices.push_back(std::move(*price));
    }
    if (document.current_location().error() == simdjson::SUCCESS)
        return fail(Code::InvalidArgument, "there is something behind the array of prices");
    return prices;
}

std::string prices_to_json(const std::vector<Price>& prices) {
    std::string out = "[";
    for (const Price& price : prices) {
        out += &price == prices.data() ? "\n" : ",\n";
        out += price_to_json(price);
    }
    out += "\n]\n";
    return out;
}

std::string price_to_json(const Price& price) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    for (const Text& member : kTexts)
        if (!(price.*member.member).empty()) json.member(member.name, std::string_view(price.*member.member));
    if (price.version > 0) json.member("version", price.version);
    if (price.from) json.member("from", std::string_view(price.from->to_string()));
    if (price.to) json.member("to", std::string_view(price.to->to_string()));
    if (price.min_input_tokens > 0) json.member("min_input_tokens", price.min_input_tokens);
    for (const Amount& amount : amounts())
        if (const auto& value = price.*amount.member)
            json.member(amount.name, std::string_view(value->to_short_string()));
    json.end_object();
    return out;
}

}  // namespace steno::pricing
