#include "cli/every_bucket.hpp"

#include "base/time.hpp"
#include "calendar/zone.hpp"
#include "cli/call_view.hpp"
#include "store/query.hpp"

#include <algorithm>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMostRows = 2000;

/// A moment in the bucket after the one that begins here, whatever clocks do.
std::int64_t in_the_next(const store::Bucket& bucket, std::int64_t begin) {
    using Unit = store::Bucket::Unit;
    switch (bucket.unit) {
        case Unit::Minute:
            return begin + calendar::kMinute;
        case Unit::Hour:
            return begin + calendar::kHour;
        case Unit::Day:
            return begin + 26 * calendar::kHour;
        case Unit::Week:
            return begin + 7 * calendar::kDay + 12 * calendar::kHour;
        case Unit::Month:
            break;
    }
    return begin + 31 * calendar::kDay + 12 * calendar::kHour;
}

}  // namespace

std::string BucketRow::text(std::string_view unit) const {
    if (unit != "minute" && unit != "hour") return begin.substr(0, 10);
    std::string moment = clock_text(begin);
    if (moment.size() > 10) moment[10] = 'T';  // one word: scripts read these rows, too
    return moment;
}

std::vector<BucketRow> every_bucket(dom::element answer, const std::vector<dom::element>& rows,
                                    const char* begin, std::string_view unit, bool whole) {
    std::vector<BucketRow> known;
    known.reserve(rows.size());
    for (const dom::element& row : rows) known.push_back({text_at(row, begin), &row});
    if (rows.empty() || !whole) return known;
    const auto bucket = store::make_bucket(unit, text_at(answer, "/period/tz"));
    auto from = Timestamp::parse(text_at(answer, "/period/from")),
         to = Timestamp::parse(text_at(answer, "/period/to"));
    if (!from) from = Timestamp::parse(known.front().begin);
    const bool open = !to;
    if (open) to = Timestamp::parse(known.back().begin);
    if (!bucket || !from || !to) return known;
    std::vector<BucketRow> all;
    auto next = known.begin();
    Timestamp at = store::bucket_begin(*bucket, store::bucket_key(*bucket, from->unix_nanos));
    while (open ? at <= *to : at < *to) {
        if (all.size() == kMostRows) return known;
        all.push_back({at.to_string(), nullptr});
        if (next != known.end() && next->begin == all.back().begin) all.back().row = (next++)->row;
        const Timestamp after =
            store::bucket_begin(*bucket, store::bucket_key(*bucket, in_the_next(*bucket, at.unix_nanos)));
        if (after <= at) return known;
        at = after;
    }
    return next == known.end() ? all : known;  // none is left out
}

}  // namespace steno::cli
