#include "store/stretch.hpp"

#include <algorithm>

namespace steno::store {
namespace {

std::int64_t floored(std::int64_t nanos, std::int64_t width) {
    const std::int64_t over = nanos % width;
    return nanos - over - (over < 0 ? width : 0);
}
std::int64_t raised(std::int64_t nanos, std::int64_t width) {
    const std::int64_t below = floored(nanos, width);
    return below == nanos ? nanos : below + width;
}

}  // namespace

CutTime cut(const Stretch& time) {
    CutTime out;
    const std::int64_t first = raised(time.begin, kHour), last = floored(time.end, kHour);
    if (first >= last) {
        out.rest = {time};
        return out;
    }
    if (time.begin < first) out.rest.push_back({time.begin, first});
    const std::int64_t midnight = std::min(raised(first, kDay), last);
    const std::int64_t days_end = std::max(floored(last, kDay), midnight);
    const auto add = [&](std::int64_t from, std::int64_t to, std::int64_t width) {
        for (; from < to; from += width) out.whole.push_back({from, from + width});
    };
    add(first, midnight, kHour);
    add(midnight, days_end, kDay);
    add(days_end, last, kHour);
    if (last < time.end) out.rest.push_back({last, time.end});
    return out;
}

}  // namespace steno::store
