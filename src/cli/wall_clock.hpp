#pragma once

#include "calendar/zone.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>

namespace steno::cli {

/// Tells moments as clocks on a wall show them, in the zone that an answer is about: that of its period.
class WallClock {
  public:
    /// UTC.
    WallClock() = default;
    /// UTC, too, where the answer names no zone, or one that this machine does not know.
    explicit WallClock(simdjson::dom::element answer);

    /// "2026-11-20T17:01:22.000000000+09:00" of an RFC 3339 moment in any zone; other text as it is.
    [[nodiscard]] std::string at(std::string_view moment) const;
    /// "time (Asia/Tokyo)": what stands above such times, so that they can be read without what is around.
    [[nodiscard]] std::string head(std::string_view of = "time") const;

  private:
    calendar::Zone zone_;
};

}  // namespace steno::cli
