#include "daily/files.hpp"
#include "server/query_parameters.hpp"
#include "server/streams.hpp"

#include <fmt/format.h>

namespace steno::server {

/// A day of the record under the name of its file.
Result<Stream> daily_file(Services& services, const ApiRequest& request) {
    const std::string& name = request.captures.front();
    const auto file = daily::parse_file_name(name);
    if (!file)
        return fail(Code::NotFound, fmt::format("\"{}\" is no daily file", name.substr(0, 80)),
                    "calls-, stats- or requests- and a day: calls-2026-11-20.json");
    STENO_TRY(only_parameters(request, {"tz", "max_text"}));
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(const daily::Day day, daily::day_of(file->date, zone));
    daily::Options options;
    options.slow = services.slow;
    STENO_ASSIGN(options.max_text, number_parameter(request, "max_text", options.max_text, 0, 1'000'000'000));
    services.data.calls().catch_up();
    return Stream{
        "application/json", name,
        daily::open_file({services.data.store(), services.data.calls()}, file->content, day, options)};
}

}  // namespace steno::server
