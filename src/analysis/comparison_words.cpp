#include "analysis/comparison_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace steno::analysis {

namespace {

/// A difference that takes more calls than this is as good as none, and the figure none to plan with.
constexpr std::uint64_t kMostTold = 1'000'000'000;

/// What a version does where its number is higher or lower, and the calls that tell.
struct Words {
    std::string_view metric, higher, lower, calls;
};
constexpr std::array kWords = {
    Words{"success_rate", "succeeds more often", "succeeds less often", "calls"},
    Words{"acceptance_rate", "is accepted more often", "is accepted less often", "judged calls"},
    Words{"complete_rate", "has all its variables more often", "has all its variables less often",
          "calls that tell of variables"},
    Words{"edit_distance", "has more changed where it is edited", "has less changed where it is edited",
          "calls with an edit distance"},
    Words{"duration_p50", "is slower in the median", "is faster in the median", "calls"},
    Words{"duration_p95", "is slower in the slowest 5 %", "is faster in the slowest 5 %", "calls"},
    Words{"duration", "is slower", "is faster", "calls"},
    Words{"first_token", "begins to answer later", "begins to answer sooner", "streamed calls"},
    Words{"first_token_p50", "begins to answer later", "begins to answer sooner", "streamed calls"},
    Words{"cost_per_call", "costs more a call", "costs less a call", "priced calls"},
    Words{"input_tokens", "is given more tokens", "is given fewer tokens", "calls with tokens"},
    Words{"output_tokens", "answers with more tokens", "answers with fewer tokens", "calls with tokens"},
    Words{"output_chars", "gives longer answers", "gives shorter answers", "calls with an answer"},
};

const Words* words_of(std::string_view metric) {
    const auto* found = std::ranges::find(kWords, metric, &Words::metric);
    return found == kWords.end() ? nullptr : found;
}

/// 1234567 -> "1,234,567".
std::string grouped(std::string digits) {
    const std::size_t sign = digits.starts_with('-') ? 1 : 0;
    for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, ",");
    return digits;
}

/// Three places that tell something.
std::string number_words(double value) {
    const double size = std::abs(value);
    if (size == 0) return "0";
    if (size >= 100) return grouped(fmt::format("{:.0f}", value));
    const int places = std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 1, 9);
    return fmt::format("{:.{}f}", value, places);
}

std::string with_unit(std::string number, Unit unit, const std::string& currency) {
    if (unit == Unit::Milliseconds) return number + " ms";
    if (unit == Unit::Money && !currency.empty()) return number + " " + currency;
    return number;
}

}  // namespace

std::string phrase_of(const std::string& metric, bool higher) {
    if (const Words* words = words_of(metric)) return std::string(higher ? words->higher : words->lower);
    return fmt::format("scores {} on {}", higher ? "higher" : "lower", metric.substr(metric.find('.') + 1));
}

std::string count_words(std::uint64_t count) {
    return grouped(fmt::to_string(count));
}

std::uint64_t planned(std::uint64_t count) {
    std::uint64_t step = 1;
    while (count / step >= 100) step *= 10;
    return (count + step - 1) / step * step;
}

std::string amount_words(double value, Unit unit, const std::string& currency) {
    if (unit == Unit::Share) return fmt::format("{:.1f} %", value * 100);
    return with_unit(number_words(value), unit, currency);
}

std::string difference_words(double value, Unit unit, const std::string& currency) {
    if (unit == Unit::Share) return fmt::format("{:+.1f} points", value * 100);
    return (value > 0 ? "+" : "") + with_unit(number_words(value), unit, currency);
}

std::string values_of(std::string_view metric) {
    const Words* words = words_of(metric);
    return words == nullptr ? "scored calls" : std::string(words->calls);
}

std::string sentence_of(const MetricComparison& compared, const VersionComparison& versions,
                        std::size_t family, double confidence) {
    const std::string& metric = compared.metric.name;
    if (compared.finding == Finding::Unknown)
        return compared.constant ? fmt::format("In {} nothing varies: {}.", metric, compared.why)
                                 : fmt::format("Of {} nothing can be said: {}.", metric, compared.why);
    const auto difference = [&](double value) {
        return difference_words(value, compared.metric.unit, compared.currency);
    };
    const auto amount = [&](double value) {
        return amount_words(value, compared.metric.unit, compared.currency);
    };
    const std::string figures =
        fmt::format("{} ({} → {}), {:g} % interval {} to {}", difference(*compared.difference),
                    amount(*compared.a), amount(*compared.b), confidence * 100,
                    difference(compared.interval->low), difference(compared.interval->high));
    std::string more;
    if (compared.more_values && *compared.more_values <= kMostTold)
        more = fmt::format("; about {} more {} would settle it",
                           count_words(*compared.more_values), values_of(metric));
    std::string beyond;
    if (compared.wished_is_no_share())
        beyond =
            fmt::format(" {} and {:.1f} points more is no share; the greatest effect to ask for is {:.1f} %.",
                        amount(*compared.a), *compared.wished * 100,
                        std::floor((1 - *compared.a) / *compared.a * 1000) / 10);
    const bool higher = *compared.difference > 0;
    switch (compared.finding) {
        case Finding::Open:
            if (*compared.difference == 0)
                return fmt::format("In {} no difference is seen: {}.{}", metric, figures, beyond);
            return fmt::format("Whether version {} {} than {} is open: {}{}.{}", versions.b,
                               phrase_of(metric, higher), versions.a, figures, more, beyond);
        case Finding::Leaning:
            return fmt::format("It seems that version {} {} than {}, but {}: {}{}.{}", versions.b,
                               phrase_of(metric, higher), versions.a,
                               *compared.p_value > 1 - confidence
                                   ? fmt::format("the test leaves it open (p = {:.2g})", *compared.p_value)
                                   : fmt::format("among {} comparisons that can be chance", family),
                               figures, more, beyond);
        default:
            return fmt::format("Version {} {} than {}: {}.{}", versions.b, phrase_of(metric, higher),
                               versions.a, figures, beyond);
    }
}

}  // namespace steno::analysis
