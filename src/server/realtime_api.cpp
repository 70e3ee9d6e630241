#include "analysis/realtime.hpp"
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"
#include "store/memory/evaluate.hpp"

#include <algorithm>

namespace steno::server {

namespace {

constexpr std::uint64_t kMostMinutes = 24 * 60;
/// Of the calls under way, how many are looked into for their agents.
constexpr std::size_t kMostRunning = 1000;

}  // namespace

Result<ApiAnswer> show_realtime(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const store::Selection selection, selection_parameters(request, {"minutes"}));
    STENO_TRY(no_text(selection));
    if (selection.from || selection.to)
        return fail(Code::InvalidArgument, "the last minutes end now",
                    "minutes=5; or GET /api/v1/statistics");
    STENO_ASSIGN(const std::uint64_t minutes, number_parameter(request, "minutes", 5, 1, kMostMinutes));
    const Duration time{static_cast<std::int64_t>(minutes) * 60'000'000'000};

    const bool whole = services.data.calls().catch_up();
    const Timestamp now = system_clock().now();
    const Timestamp from{now.unix_nanos - time.nanos, 0};
    std::vector<Call> running = services.data.calls().running(kMostRunning);
    std::erase_if(running, [&](const Call& call) { return !store::memory::matches(call, selection); });
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const analysis::Realtime realtime, analysis::realtime(*calls, selection, from, running));
    const std::uint64_t under_way = services.data.recorder().stats().running;

    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    write_period(json, "period", {from, now}, zone);
    json.member("minutes", minutes);
    // Without it, calls that ended in these minutes are missing.
    json.member("complete", whole);
    if (!whole) json.member("behind", services.data.feeder().stats().behind);
    json.key("running");
    json.begin_object();
    json.member("calls", static_cast<std::uint64_t>(running.size()));
    json.member("ai_calls", realtime.running_ai_calls);
    // A filter can only be held against those that were looked into.
    json.member("truncated", under_way > kMostRunning);
    json.end_object();
    analysis::write_members(json, realtime, time);
    json.end_object();
    return answer;
}

}  // namespace steno::server
