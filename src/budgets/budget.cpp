#include "budgets/budget.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace steno::budgets {

namespace {

/// ISO 4217, the active codes of money (2026-01).
constexpr std::string_view kCurrencies =
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD "
    "LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK "
    "PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

constexpr std::array kPers = {std::pair(Per::Day, std::string_view("day")),
                              std::pair(Per::Week, std::string_view("week")),
                              std::pair(Per::Month, std::string_view("month"))};

bool is_name(std::string_view text) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && text.size() <= kMaxName && is_plain(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_currency(std::string_view code) {
    if (code.size() != 3) return false;
    for (std::size_t at = 0; at < kCurrencies.size(); at += 4)
        if (kCurrencies.substr(at, 3) == code) return true;
    return false;
}

Result<void> check_soft(const std::vector<int>& soft) {
    if (soft.size() > kMaxSoft)
        return fail(Code::InvalidArgument, fmt::format("soft: at most {} percentages", kMaxSoft));
    for (const int percent : soft)
        if (percent < 1 || percent > kMaxPercent)
            return fail(Code::InvalidArgument,
                        fmt::format("soft: {} is no percentage to speak up at", percent),
                        fmt::format("whole numbers from 1 to {}, such as 50,80,100", kMaxPercent));
    if (!std::ranges::is_sorted(soft, std::less_equal<>()))
        return fail(Code::InvalidArgument, "soft: each percentage once, in ascending order");
    return {};
}

}  // namespace

bool Scope::holds(const Call& call) const {
    const auto fits = [](const std::string& wanted, const std::string& is) {
        return wanted.empty() || wanted == is;
    };
    return fits(project, call.project) && fits(model, call.model.requested) && fits(user, call.who.user_id) &&
           fits(api_key, call.who.api_key_id) && fits(agent, call.trace.agent) &&
           fits(prompt_type, call.prompt.type) &&
           (agent_subtree.empty() || agent_subtree == call.trace.agent ||
            std::ranges::find(call.trace.outer_agents, agent_subtree) != call.trace.outer_agents.end());
}

std::string_view to_string(Per per) noexcept {
    return kPers[static_cast<std::size_t>(per)].second;
}

std::optional<Per> parse_per(std::string_view name) noexcept {
    for (const auto& [per, known] : kPers)
        if (known == name) return per;
    return std::nullopt;
}

Result<void> check(const Budget& budget) {
    if (!is_name(budget.name))
        return fail(Code::InvalidArgument,
                    fmt::format("a budget's name has 1 to {} letters, digits, dots, dashes or underscores, a "
                                "letter or digit first",
                                kMaxName),
                    "such as shop-month");
    for (const ScopePart& part : kScopeParts) {
        const std::string& text = budget.scope.*part.member;
        if (text.size() > kMaxScopeText || !is_valid_utf8(text))
            return fail(Code::InvalidArgument,
                        fmt::format("{}: at most {} bytes of UTF-8", part.name, kMaxScopeText));
    }
    if (budget.limit < Decimal{})
        return fail(Code::InvalidArgument,
                    fmt::format("limit: {} is less than nothing", budget.limit.to_short_string()),
                    "an amount from 0 on, such as 50 or 12.50; 0 with a hard stop lets no call pass");
    if (budget.limit.units() > Decimal::kOne * 1'000'000'000'000)
        return fail(Code::InvalidArgument, "limit: more than 1,000,000,000,000 is no limit",
                    "an amount such as 50 or 12.50");
    if (!is_currency(budget.currency))
        return fail(Code::InvalidArgument, fmt::format("currency: \"{}\" is none", budget.currency),
                    "a code of ISO 4217 in capital letters, such as USD or EUR");
    return check_soft(budget.soft);
}

Result<std::vector<int>> parse_soft(std::string_view text) {
    std::vector<int> soft;
    for (std::string_view part : split(text, ',')) {
        if (part.ends_with('%')) part.remove_suffix(1);
        int percent = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), percent);
        if (error != std::errc{} || end != part.data() + part.size())
            return fail(Code::InvalidArgument, fmt::format("\"{}\" is no percentage", part),
                        "whole numbers with commas between, such as 50,80,100");
        soft.push_back(percent);
    }
    std::ranges::sort(soft);
    const auto twice = std::ranges::unique(soft);
    soft.erase(twice.begin(), twice.end());
    STENO_TRY(check_soft(soft));
    return soft;
}

Span period_at(const Budget& budget, std::int64_t unix_nanos) {
    const std::int64_t local = budget.zone.local(unix_nanos);
    std::int64_t begin = calendar::floor_to(local, calendar::kDay);
    std::int64_t end = begin + calendar::kDay;
    if (budget.per == Per::Week) {
        begin = calendar::week_begin(local);
        end = begin + 7 * calendar::kDay;
    } else if (budget.per == Per::Month) {
        begin = calendar::month_begin(local);
        end = calendar::add_months(begin, 1);
    }
    return {budget.zone.first_moment_of(begin).unix_nanos, budget.zone.first_moment_of(end).unix_nanos};
}

store::Selection selection_of(const Budget& budget, const Span& span) {
    store::Selection selection;
    selection.from = Timestamp{span.begin, 0};
    selection.to = Timestamp{span.end, 0};
    selection.filters.push_back(store::ai_calls());
    for (const ScopePart& part : kScopeParts) {
        const std::string& wanted = budget.scope.*part.member;
        if (wanted.empty()) continue;
        store::Filter filter;
        filter.field = *store::make_field(part.field);
        filter.values.emplace_back(wanted);
        selection.filters.push_back(std::move(filter));
    }
    return selection;
}

}  // namespace steno::budgets
