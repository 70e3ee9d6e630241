#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "journal/sealed_format.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// How long the record is kept. Nothing is removed unless a rule says so.
namespace steno::custody {

/// What is kept of a call because it is the latest of its kind of prompt has a class of its own in the
/// directory of its sealed segment, so that it is found when another call is the latest.
struct LatestClass {
    Uuid id;
    std::string retention;  ///< the retention class
    std::string type;       ///< the kind; empty: the record does not say
};
std::string to_class_name(const LatestClass& one);
/// Absent: a retention class, nothing else.
std::optional<LatestClass> parse_latest_class(std::string_view class_name);

/// All in days; 0: for ever. Ages are those of calls (their beginnings), not of files.
struct RetentionRules {
    std::int64_t days = 0;          ///< whole calls
    std::int64_t payload_days = 0;  ///< prompts and answers; figures and hashes stay
    /// The same for the calls of a retention class (`privacy.retention`, from the header x-steno-retention),
    /// in place of payload_days: 0 keeps the payloads of this class.
    std::map<std::string, std::int64_t> class_payload_days;

    [[nodiscard]] bool none() const { return days == 0 && payload_days == 0 && class_payload_days.empty(); }
    [[nodiscard]] std::int64_t payload_days_of(std::string_view retention_class) const;
};

/// "short=7,legal=0". InvalidArgument says what is wrong.
Result<std::map<std::string, std::int64_t>> parse_class_days(std::string_view text);
std::string to_text(const std::map<std::string, std::int64_t>& class_days);

/// Whether all calls that a sealed segment tells of are so old that it may go as a whole. A segment whose age
/// is not known is kept.
bool may_be_removed(const RetentionRules& rules, const journal::SealedFacts& facts,
                    std::int64_t now_unix_nanos);

/// Whether payloads of calls of this retention class, the newest of which began then, are so old that they
/// may go.
bool payloads_may_go(const RetentionRules& rules, std::string_view retention_class,
                     std::int64_t newest_unix_nanos, std::int64_t now_unix_nanos);
/// Whether all payloads of this class in the segment are.
bool payloads_may_go(const RetentionRules& rules, const journal::SealedClass& one,
                     std::int64_t now_unix_nanos);

}  // namespace steno::custody
