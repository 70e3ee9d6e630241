#pragma once

#include "base/error.hpp"
#include "journal/sealed_format.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

/// How long the record is kept. Nothing is removed unless a rule says so.
namespace steno::custody {

/// In the directory of a sealed segment what is kept of the latest call of a kind of prompt has a class of
/// its own, so that it is found when another call is the latest: the retention class, this, and the kind.
inline constexpr char kOfLatest = '\x1f';

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

/// Whether all payloads of this class in the segment are so old that they may go.
bool payloads_may_go(const RetentionRules& rules, const journal::SealedClass& one,
                     std::int64_t now_unix_nanos);

}  // namespace steno::custody
