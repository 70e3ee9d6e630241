#include "cli/wall_clock.hpp"

#include "base/time.hpp"
#include "cli/call_view.hpp"

#include <fmt/format.h>

namespace steno::cli {

WallClock::WallClock(simdjson::dom::element answer) {
    if (auto zone = calendar::Zone::find(text_at(answer, "/period/tz"))) zone_ = std::move(*zone);
}

std::string WallClock::at(std::string_view moment) const {
    const auto parsed = Timestamp::parse(moment);
    return parsed ? zone_.at(parsed->unix_nanos).to_string() : std::string(moment);
}

std::string WallClock::head(std::string_view of) const {
    return fmt::format("{} ({})", of, zone_.name());
}

}  // namespace steno::cli
