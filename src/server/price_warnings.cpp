#include "server/price_warnings.hpp"

#include "calendar/zone.hpp"
#include "ingest/data_folder.hpp"
#include "providers/provider.hpp"
#include "repricing/fit.hpp"
#include "suggestions/suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace steno::server {

namespace {

using suggestions::grouped;

/// Those of the most calls first.
std::vector<std::pair<std::string, std::int64_t>> most_called(
    const std::map<std::string, std::int64_t>& calls) {
    std::vector<std::pair<std::string, std::int64_t>> names(calls.begin(), calls.end());
    std::ranges::sort(names, {}, [](const auto& one) { return std::pair(-one.second, one.first); });
    return names;
}

/// "gpt-4o, gpt-4o-mini, …"
std::string some_of(const std::map<std::string, std::int64_t>& calls) {
    constexpr std::size_t kMost = 8;
    std::string text;
    std::size_t told = 0;
    for (const auto& [name, count] : most_called(calls)) {
        if (++told > kMost) return text + ", …";
        text += (told == 1 ? "" : ", ") + name;
    }
    return text;
}

std::string counted(std::int64_t calls) {
    return fmt::format("{} call{}", grouped(calls), calls == 1 ? "" : "s");
}

/// Of a price that no call on record is of; empty: nothing is wrong with that.
std::string of_no_call(const pricing::Price& price, const repricing::Fits& found) {
    std::map<std::string, std::int64_t> models;
    for (const auto& [name, calls] : found.models)
        if (name.first == price.provider) models.emplace(name.second, calls);
    if (!models.empty())
        return fmt::format(
            "own-{}: no call of the last 30 days is one that it is for; calls of {} asked for {}",
            price.version, price.provider, some_of(models));
    const bool known = std::ranges::any_of(
        providers::provider_table(), [&](const auto& row) { return row.record_name == price.provider; });
    if (found.providers.empty() && known) return {};
    std::string names;
    for (const providers::ProviderRow& row : providers::provider_table())
        if (names.find(fmt::format(" {},", row.record_name)) == names.npos)
            names += fmt::format(" {},", row.record_name);
    if (!names.empty()) names.pop_back();
    return fmt::format("own-{}: no call of the last 30 days is of a provider \"{}\"; {}", price.version,
                       price.provider,
                       found.providers.empty() ? "names that Steno has:" + names
                                               : "those on record: " + some_of(found.providers));
}

/// Of one that calls are of.
std::string of_unpriced(const pricing::Price& price, const repricing::Fit& fit, const std::string& time) {
    std::string reasons;
    for (const auto& [reason, calls] : most_called(fit.reasons))
        reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", reason, counted(calls));
    return fmt::format(
        "own-{}: {} of the {} of {} that it is for could not be priced by it ({}): such calls have no cost, "
        "and no total and no budget counts them. Set it again with all amounts; steno prices list has those "
        "of "
        "the built-in price",
        price.version, grouped(fit.unpriced), counted(fit.calls), time, reasons);
}

}  // namespace

std::vector<std::string> price_warnings(Services& services, std::span<const pricing::Price> set) {
    constexpr std::size_t kMost = 200;
    const std::span<const pricing::Price> looked_at = set.first(std::min(set.size(), kMost));
    const Timestamp now = system_clock().now();
    const Timestamp from{now.unix_nanos - 30 * calendar::kDay, 0};
    services.data.calls().catch_up();
    const auto found =
        repricing::fits(services.data.store(), looked_at, *services.data.recorder().prices(), from, now);
    std::vector<std::string> warnings;
    if (!found) return warnings;
    const auto minute = [](Timestamp at) {
        return Timestamp{at.unix_nanos, 0}.to_string().substr(0, 16) + "Z";
    };
    std::string time = "the last 30 days";
    if (!found->complete) {
        if (found->last) time = fmt::format("{} to {}", minute(from), minute(*found->last));
        warnings.push_back(
            fmt::format("there was no time to look at calls{}: nothing is said of what they need",
                        found->last ? " after " + minute(*found->last) : std::string()));
    }
    if (set.size() > kMost)
        warnings.push_back(fmt::format(
            "the first {} of these prices are held against calls; what calls need of the other {} was not "
            "looked at",
            kMost, grouped(static_cast<std::int64_t>(set.size() - kMost))));
    for (std::size_t i = 0; i < looked_at.size(); ++i) {
        const pricing::Price& price = looked_at[i];
        const repricing::Fit& fit = found->of[i];
        if (fit.model_unknown)
            warnings.push_back(
                fmt::format("own-{}: no price is known for the model that it is to cost as", price.version));
        if (!fit.judged) continue;  // it has a variant, which is not looked at
        if (fit.calls == 0) {
            if (std::string words = found->complete ? of_no_call(price, *found) : ""; !words.empty())
                warnings.push_back(std::move(words));
        } else if (fit.unpriced > 0 && !fit.model_unknown) {
            warnings.push_back(of_unpriced(price, fit, time));
        }
    }
    return warnings;
}

}  // namespace steno::server
