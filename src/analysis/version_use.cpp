#include "analysis/version_use.hpp"

#include "analysis/json_rows.hpp"
#include "base/json_or_null.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::analysis {

namespace {

constexpr std::int64_t kFewCalls = 30;
/// Of versions that are to be compared, how much of their calls has to lie on the same days, with the same
/// models, in the same environments: the sum of the smaller shares.
constexpr double kCommonDays = 0.5, kCommonMix = 0.8;

/// How much two mixes have in common: the sum, over all that occurs, of the smaller share.
template <class Mix>
double common(const Mix& a, const Mix& b) {
    double of_a = 0, of_b = 0, both = 0;
    for (const auto& [what, calls] : a) of_a += static_cast<double>(calls);
    for (const auto& [what, calls] : b) of_b += static_cast<double>(calls);
    if (of_a == 0 || of_b == 0) return 0;
    for (const auto& [what, calls] : a)
        if (const auto at = b.find(what); at != b.end())
            both += std::min(static_cast<double>(calls) / of_a, static_cast<double>(at->second) / of_b);
    return both;
}

/// "gpt-4o-mini (82 %)": what most calls have.
std::string most_of(const std::map<std::string, std::int64_t>& mix, std::int64_t calls) {
    const auto most = std::ranges::max_element(mix, {}, [](const auto& one) { return one.second; });
    if (most == mix.end() || calls == 0) return "none";
    return fmt::format("{} ({:.0f} %)", most->first.empty() ? "none said" : most->first,
                       100 * static_cast<double>(most->second) / static_cast<double>(calls));
}

void write_mix(JsonWriter& json, std::string_view key, std::string_view what,
               const std::map<std::string, std::int64_t>& mix) {
    std::vector<std::pair<std::string, std::int64_t>> sorted(mix.begin(), mix.end());
    std::ranges::sort(sorted, {}, [](const auto& one) { return std::pair(-one.second, one.first); });
    write_rows(json, key, sorted, [&](const auto& one) {
        text_or_null(json, what, one.first);
        json.member("calls", one.second);
    });
}

std::string text_of_moment(const std::optional<Timestamp>& moment) {
    return moment ? moment->to_string() : std::string();
}

}  // namespace

std::vector<std::string> differences_in_use(const VersionUse& a, const VersionUse& b,
                                            const calendar::Zone& zone) {
    std::vector<std::string> warnings;
    for (const VersionUse* use : {&a, &b})
        if (use->calls < kFewCalls)
            warnings.push_back(fmt::format("version {} has only {} call{} here", use->version, use->calls,
                                           use->calls == 1 ? "" : "s"));
    const auto day = [&](const std::optional<Timestamp>& moment) {
        return moment ? zone.at(moment->unix_nanos).to_string().substr(0, 10) : std::string("?");
    };
    if (common(a.days, b.days) < kCommonDays)
        warnings.push_back(fmt::format(
            "they were mostly used at different times ({}: {} to {}; {}: {} to {}): whatever else changed "
            "between is part of these differences",
            a.version, day(a.first), day(a.last), b.version, day(b.first), day(b.last)));
    if (common(a.models, b.models) < kCommonMix)
        warnings.push_back(fmt::format(
            "they were used with different models ({}: most often {}; {}: most often {}): of one alone: "
            "filter by model.requested",
            a.version, most_of(a.models, a.calls), b.version, most_of(b.models, b.calls)));
    if (common(a.environments, b.environments) < kCommonMix)
        warnings.push_back(fmt::format(
            "they were used in different environments ({}: most often {}; {}: most often {}): of one "
            "alone: filter by environment",
            a.version, most_of(a.environments, a.calls), b.version, most_of(b.environments, b.calls)));
    return warnings;
}

void write_use(JsonWriter& json, const VersionUse& use) {
    json.member("version", use.version);
    json.member("calls", use.calls);
    text_or_null(json, "first_call", text_of_moment(use.first));
    text_or_null(json, "last_call", text_of_moment(use.last));
    if (!use.models.empty()) write_mix(json, "models", "model", use.models);
    if (!use.environments.empty()) write_mix(json, "environments", "environment", use.environments);
}

}  // namespace steno::analysis
