#include "pricing/rates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

extern "C" {
extern const char steno_rates_csv_begin[];  // NOLINT(*-avoid-c-arrays)
extern const char steno_rates_csv_end[];    // NOLINT(*-avoid-c-arrays)
}

namespace steno::pricing {

namespace {

constexpr std::string_view kHeader =
    "providers,models,modes,variant,tier,region,above_input_tokens,from,to,rates,source";
constexpr std::size_t kColumns = 11;

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(by);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string_view> words(std::string_view text) {
    auto parts = split(text, ' ');
    std::erase(parts, std::string_view{});
    return parts;
}

/// "*" stands for any text, also none.
bool matches(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == text;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    text.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    if (pattern.empty()) return true;
    for (std::size_t i = 0; i <= text.size(); ++i)
        if (matches(pattern, text.substr(i))) return true;
    return false;
}

bool contains(const std::vector<std::string_view>& list, std::string_view value) {
    return std::ranges::find(list, value) != list.end();
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

std::vector<const Amount*> amounts_of(std::string_view names) {
    std::vector<const Amount*> found;
    if (const Amount* amount = amount_named(names)) found.push_back(amount);
    for (const Amount& amount : amounts()) {
        const bool in_group = (names == "inputs" && amount.group == AmountGroup::Input) ||
                              (names == "caches" && amount.group == AmountGroup::Cache) ||
                              (names == "outputs" && amount.group == AmountGroup::Output) ||
                              (names == "all" && amount.group != AmountGroup::Other);
        if (in_group) found.push_back(&amount);
    }
    return found;
}

/// "3/2", "1.25", "2" as a fraction of whole numbers.
bool read_factor(std::string_view text, Rate& rate) {
    const auto slash = text.find('/');
    const auto numerator = Decimal::parse(text.substr(0, slash));
    const auto denominator = slash == std::string_view::npos ? std::optional<std::int64_t>(1)
                                                             : whole_number(text.substr(slash + 1));
    constexpr std::int64_t kThousand = 1000;
    constexpr __int128 kUnits = Decimal::kOne / kThousand;
    if (!numerator || *numerator <= Decimal{} || numerator->units() % kUnits != 0 || !denominator ||
        *denominator == 0)
        return false;
    rate.factor = static_cast<std::int64_t>(numerator->units() / kUnits);
    rate.divisor = *denominator * kThousand;
    return true;
}

std::optional<Rate> read_rate(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Rate rate;
    rate.names = text.substr(0, equals);
    rate.of = amounts_of(rate.names);
    if (rate.of.empty()) return std::nullopt;
    const std::string_view value = text.substr(equals + 1);
    if (value == "unknown") return rate;
    if (value.starts_with('x'))
        return read_factor(value.substr(1), rate) ? std::optional(rate) : std::nullopt;
    if (const auto star = value.find('*'); star != std::string_view::npos) {
        rate.base = amount_named(value.substr(star + 1));
        return rate.base && read_factor(value.substr(0, star), rate) ? std::optional(rate) : std::nullopt;
    }
    rate.figure = Decimal::parse(value);
    return rate.figure && *rate.figure >= Decimal{} ? std::optional(rate) : std::nullopt;
}

Result<std::optional<Timestamp>> read_day(std::string_view text) {
    if (text.empty()) return std::optional<Timestamp>{};
    const auto time = Timestamp::parse(fmt::format("{}T00:00:00Z", text));
    if (!time) return fail(Code::InvalidArgument, fmt::format("\"{}\" is no day", text));
    return time;
}

Result<RateRow> read_row(std::string_view text) {
    const auto cells = split(text, ',');
    if (cells.size() != kColumns)
        return fail(Code::InvalidArgument, fmt::format("{} cells instead of {}", cells.size(), kColumns));
    RateRow row;
    row.providers = words(cells[0]);
    row.models = words(cells[1]);
    row.modes = words(cells[2]);
    row.variant = cells[3];
    row.tier = cells[4];
    row.region = cells[5];
    if (!cells[6].empty()) {
        const auto above = whole_number(cells[6]);
        if (!above)
            return fail(Code::InvalidArgument, fmt::format("\"{}\" is no number of tokens", cells[6]));
        row.above = *above;
    }
    STENO_ASSIGN(row.from, read_day(cells[7]));
    STENO_ASSIGN(row.to, read_day(cells[8]));
    for (const std::string_view word : words(cells[9])) {
        auto rate = read_rate(word);
        if (!rate) return fail(Code::InvalidArgument, fmt::format("\"{}\" is no rate", word));
        row.rates.push_back(std::move(*rate));
    }
    row.source = cells[10];
    if (row.providers.empty() || row.models.empty() || row.rates.empty() || row.source.empty())
        return fail(Code::InvalidArgument, "providers, models, rates and source are needed");
    return row;
}

bool is_about_the_base(const RateRow& row) {
    return row.tier.empty() && row.region.empty() && row.variant.empty() && row.above == 0;
}

bool same_circumstances(const Price& a, const Price& b) {
    return a.tier == b.tier && a.region == b.region && a.variant == b.variant &&
           a.min_input_tokens == b.min_input_tokens && a.from == b.from && a.to == b.to;
}

/// A price derived from `origin` for the circumstances of `row`; nothing if it would never hold.
std::optional<Price> derived(const Price& origin, const RateRow& row) {
    Price price = origin;
    if (!row.tier.empty()) price.tier = row.tier;
    if (!row.region.empty()) price.region = row.region;
    if (!row.variant.empty()) price.variant = row.variant;
    if (row.above > 0) price.min_input_tokens = row.above + 1;
    if (row.from && (!price.from || *price.from < *row.from)) price.from = row.from;
    if (row.to && (!price.to || *row.to < *price.to)) price.to = row.to;
    if (price.from && price.to && *price.to <= *price.from) return std::nullopt;
    row.apply_to(price);
    return price;
}

void add(std::vector<Price>& prices, Price price) {
    const auto same =
        std::ranges::find_if(prices, [&](const Price& other) { return same_circumstances(other, price); });
    if (same == prices.end()) {
        prices.push_back(std::move(price));
    } else {
        *same = std::move(price);
    }
}

}  // namespace

std::string_view rates_csv() {
    return {steno_rates_csv_begin, static_cast<std::size_t>(steno_rates_csv_end - steno_rates_csv_begin)};
}

bool RateRow::concerns(std::string_view provider, std::string_view model, std::string_view mode) const {
    if (!contains(providers, provider) || (!modes.empty() && !contains(modes, mode))) return false;
    bool included = false;
    for (const std::string_view pattern : models) {
        if (pattern.starts_with('!')) {
            if (matches(pattern.substr(1), model)) return false;
        } else {
            included = included || matches(pattern, model);
        }
    }
    return included;
}

void RateRow::apply_to(Price& price) const {
    const Price before = price;
    for (const Rate& rate : rates) {
        for (const Amount* amount : rate.of) {
            auto& value = price.*amount->member;
            const auto& origin = before.*(rate.base ? rate.base : amount)->member;
            if (rate.figure) {
                value = rate.figure;
            } else if (rate.factor == 0 || !origin) {
                value.reset();
            } else {
                value = origin->times(rate.factor, rate.divisor);
            }
        }
    }
    price.source += "; ";
    price.source += source;
}

Result<std::vector<RateRow>> read_rates(std::string_view csv) {
    std::vector<RateRow> rows;
    int number = 0;
    for (const std::string_view line : split(csv, '\n')) {
        if (++number == 1) {
            if (line != kHeader)
                return fail(Code::InvalidArgument, "the header of the rates is not the expected one");
            continue;
        }
        if (line.empty() || line.starts_with('#')) continue;
        auto row = read_row(line);
        if (!row)
            return std::unexpected(
                std::move(row).error().with_context(fmt::format("rates, line {}", number)));
        row->line = number;
        rows.push_back(std::move(*row));
    }
    return rows;
}

std::vector<Price> with_rates(Price base, std::string_view mode, const std::vector<RateRow>& rows) {
    std::vector<const RateRow*> concerned;
    for (const RateRow& row : rows)
        if (row.concerns(base.provider, base.model, mode)) concerned.push_back(&row);

    for (const RateRow* row : concerned)
        if (is_about_the_base(*row) && !row->from && !row->to) row->apply_to(base);
    std::vector<Price> bases{base};
    for (const RateRow* row : concerned) {
        if (!is_about_the_base(*row) || (!row->from && !row->to)) continue;
        if (auto other = derived(base, *row)) bases.push_back(std::move(*other));
        if (row->from && !row->to) bases.front().to = row->from;
        if (row->to && !row->from) bases.front().from = row->to;
    }

    std::vector<Price> prices = bases;
    const auto derive_from = [&](const std::vector<Price>& origins, const RateRow& row) {
        for (const Price& origin : origins)
            if (auto price = derived(origin, row)) add(prices, std::move(*price));
    };
    for (const RateRow* row : concerned)
        if (row->above > 0 && row->tier.empty() && row->region.empty()) derive_from(bases, *row);
    const std::vector<Price> standard = prices;
    for (const RateRow* row : concerned) {
        if (row->tier.empty() || !row->region.empty()) continue;
        std::vector<Price> origins = standard;
        if (row->above > 0)
            std::erase_if(origins, [&](const Price& p) { return p.min_input_tokens != row->above + 1; });
        // What an earlier row made for this tier is amended.
        for (Price& origin : origins) {
            Price wanted = origin;
            wanted.tier = row->tier;
            const auto earlier =
                std::ranges::find_if(prices, [&](const Price& p) { return same_circumstances(p, wanted); });
            if (earlier != prices.end()) origin = *earlier;
        }
        derive_from(origins, *row);
    }
    for (const RateRow* row : concerned)
        if (!row->variant.empty()) derive_from(bases, *row);
    const std::vector<Price> everywhere = prices;
    for (const RateRow* row : concerned)
        if (!row->region.empty()) derive_from(everywhere, *row);
    std::erase_if(prices, [](const Price& price) {
        // A band, tier or variant without any figure stays: it says that the standard price does not hold
        // there.
        return price.tier.empty() && price.variant.empty() && price.min_input_tokens == 0 &&
               std::ranges::none_of(amounts(),
                                    [&](const Amount& a) { return (price.*a.member).has_value(); });
    });
    return prices;
}

}  // namespace steno::pricing
