#include "custody/retention.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace steno::custody {
namespace {

constexpr std::int64_t kDayNanos = 86'400'000'000'000;
constexpr std::int64_t kMaxDays = 100'000;
/// No retention class that people name begins with it. Then id, length of the retention class, the class,
/// kind.
constexpr char kOfLatest = '\x1f';
constexpr std::size_t kIdBytes = 36;

bool is_older(std::int64_t unix_nanos, std::int64_t days, std::int64_t now_unix_nanos) {
    return days > 0 && unix_nanos != 0 && unix_nanos < now_unix_nanos - days * kDayNanos;
}

}  // namespace

std::int64_t RetentionRules::payload_days_of(std::string_view retention_class) const {
    const auto found = class_payload_days.find(std::string(retention_class));
    return found == class_payload_days.end() ? payload_days : found->second;
}

Result<std::map<std::string, std::int64_t>> parse_class_days(std::string_view text) {
    std::map<std::string, std::int64_t> days;
    for (const std::string_view piece : split(text, ',')) {
        const std::string_view rule = trim(piece);
        if (rule.empty()) continue;
        const auto equals = rule.find('=');
        std::int64_t count = -1;
        if (equals != std::string_view::npos) {
            const std::string_view number = trim(rule.substr(equals + 1));
            const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
            if (error != std::errc() || end != number.data() + number.size() || count > kMaxDays) count = -1;
        }
        const std::string name(trim(rule.substr(0, equals)));
        if (count < 0 || name.empty()) {
            return fail(Code::InvalidArgument, fmt::format("\"{}\" is not CLASS=DAYS", rule),
                        "for example short=7,legal=0 (0: for ever)");
        }
        days[name] = count;
    }
    return days;
}

std::string to_text(const std::map<std::string, std::int64_t>& class_days) {
    std::string text;
    for (const auto& [name, days] : class_days)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, days);
    return text;
}

bool may_be_removed(const RetentionRules& rules, const journal::SealedFacts& facts,
                    std::int64_t now_unix_nanos) {
    return is_older(facts.newest_unix_nanos, rules.days, now_unix_nanos);
}

bool payloads_may_go(const RetentionRules& rules, std::string_view retention_class,
                     std::int64_t newest_unix_nanos, std::int64_t now_unix_nanos) {
    return is_older(newest_unix_nanos, rules.payload_days_of(retention_class), now_unix_nanos);
}

bool payloads_may_go(const RetentionRules& rules, const journal::SealedClass& one,
                     std::int64_t now_unix_nanos) {
    const auto latest = parse_latest_class(one.name);
    return one.records > 0 && payloads_may_go(rules, latest ? latest->retention : one.name,
                                              one.newest_unix_nanos, now_unix_nanos);
}

std::string to_class_name(const LatestClass& one) {
    return fmt::format("{}{}{}:{}{}", kOfLatest, one.id.to_string(), one.retention.size(), one.retention,
                       one.type);
}

std::optional<LatestClass> parse_latest_class(std::string_view class_name) {
    if (class_name.size() <= kIdBytes || class_name.front() != kOfLatest) return std::nullopt;
    class_name.remove_prefix(1);
    const auto id = Uuid::parse(class_name.substr(0, kIdBytes));
    class_name.remove_prefix(kIdBytes);
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(class_name.data(), class_name.data() + class_name.size(), size);
    if (!id || error != std::errc() || end == class_name.data() + class_name.size() || *end != ':')
        return std::nullopt;
    class_name.remove_prefix(static_cast<std::size_t>(end - class_name.data()) + 1);
    if (size > class_name.size()) return std::nullopt;
    return LatestClass{*id, std::string(class_name.substr(0, size)), std::string(class_name.substr(size))};
}

}  // namespace steno::custody
