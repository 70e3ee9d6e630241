#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace steno::cli {

/// A stretch of time in a table: when it begins, as the API says it, and its row of the answer if it has one.
struct BucketRow {
    std::string begin;
    const simdjson::dom::element* row = nullptr;  ///< null: no calls

    /// As a table tells it: "2026-10-25", of minutes and hours "2026-10-25T02:00+02:00".
    [[nodiscard]] std::string text(std::string_view unit) const;
};

/// Every minute, hour, day, week or month of the answer's period, or, where that is open, from the first to
/// the last with calls: `rows` of the answer, one a bucket, in the order of time, begin at `begin` (a JSON
/// pointer). Only those of `rows` where there are too many for a table, or `whole` is false: more rows than
/// came.
std::vector<BucketRow> every_bucket(simdjson::dom::element answer,
                                    const std::vector<simdjson::dom::element>& rows, const char* begin,
                                    std::string_view unit, bool whole);

}  // namespace steno::cli
