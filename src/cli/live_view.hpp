#pragma once

#include "calendar/zone.hpp"

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// What `steno live` shows, made of the API's answers: a screen of lines, or one plain line.
namespace steno::cli {

struct LiveFacts {
    simdjson::dom::element realtime;  ///< GET /api/v1/realtime
    simdjson::dom::element today;     ///< the one group of today's AI calls: calls, errors, cost
    std::vector<double> calls_by_minute;
    std::vector<double> failures_by_minute;
    std::vector<simdjson::dom::element> calls;  ///< the newest first
};

struct LiveLook {
    std::size_t width = 80;
    std::size_t height = 24;
    std::string where;    ///< the server, or the folder
    std::string clock;    ///< "12:00:05"
    std::string trouble;  ///< why these facts are old; empty: they are not
    calendar::Zone zone;  ///< whose clocks the times of calls are of
    bool paused = false;
    bool failures_only = false;
    std::size_t scrolled = 0;  ///< calls above the first one that is shown
};

/// At most `height` lines, coloured where standard output can. With 24 lines of 80 columns all parts are
/// there; with fewer, the lists get shorter and then go.
std::vector<std::string> live_screen(const LiveFacts& facts, const LiveLook& look);

/// "12:00:05  3.2 calls/s  …": for pipes and terminals that cannot do more.
std::string live_line(const LiveFacts& facts, std::string_view clock);

}  // namespace steno::cli
