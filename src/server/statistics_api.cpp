#include "analysis/comparison.hpp"
#include "analysis/statistics.hpp"
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "calendar/period.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

namespace steno::server {

namespace {

store::Selection within(store::Selection selection, const calendar::Period& period) {
    selection.from = period.from;
    selection.to = period.to;
    return selection;
}

}  // namespace

Result<ApiAnswer> show_statistics(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(store::Selection selection,
                 selection_parameters(request, {"bucket", "limit", "groups", "slow_ms", "high_tokens"}));
    STENO_TRY(no_text(selection));
    STENO_TRY(set_period(selection, request, zone, "today"));

    analysis::StatisticsOptions options;
    options.slow = services.slow;
    STENO_ASSIGN(const std::uint64_t calls,
                 number_parameter(request, "limit", options.calls, 0, store::kMaxPage));
    STENO_ASSIGN(const std::uint64_t groups, number_parameter(request, "groups", options.groups, 1, 10'000));
    STENO_ASSIGN(
        const std::uint64_t slow_ms,
        number_parameter(request, "slow_ms", static_cast<std::uint64_t>(options.slow.nanos) / 1'000'000, 0,
                         1'000'000'000));
    STENO_ASSIGN(const std::uint64_t high_tokens,
                 number_parameter(request, "high_tokens", static_cast<std::uint64_t>(services.high_tokens), 0,
                                  1'000'000'000'000));
    options.calls = static_cast<std::uint32_t>(calls);
    options.high_tokens = static_cast<std::int64_t>(high_tokens);
    options.groups = static_cast<std::uint32_t>(groups);
    options.slow = Duration{static_cast<std::int64_t>(slow_ms) * 1'000'000};
    if (const auto unit = request.parameter("bucket")) {
        STENO_ASSIGN(options.bucket, bucket_parameter(request, *unit));
    }

    services.data.calls().catch_up();
    STENO_ASSIGN(const auto record, services.data.store().snapshot(analysis::kStatisticsAtOnce));
    STENO_ASSIGN(const analysis::Statistics statistics, analysis::statistics(*record, selection, options));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, selection, zone);
    analysis::write_members(json, statistics, options);
    json.end_object();
    return answer;
}

Result<ApiAnswer> list_slow(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(store::Selection selection, selection_parameters(request, {"threshold_ms", "limit"}));
    STENO_TRY(no_text(selection));
    STENO_TRY(set_period(selection, request, zone, "today"));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 20, 0, store::kMaxPage));
    STENO_ASSIGN(const std::uint64_t threshold_ms,
                 number_parameter(request, "threshold_ms", 5000, 0, 1'000'000'000));
    const Duration threshold{static_cast<std::int64_t>(threshold_ms) * 1'000'000};
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const analysis::SlowCalls slow,
                 analysis::slow_calls(*calls, selection, threshold, static_cast<std::uint32_t>(limit)));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, selection, zone);
    analysis::write_slow(json, slow, threshold);
    json.end_object();
    return answer;
}

Result<ApiAnswer> compare_periods(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(const store::Selection selection, selection_parameters(request, {"by", "limit", "against"}));
    STENO_TRY(no_text(selection));
    STENO_ASSIGN(const calendar::Period now, period_parameter(request, zone, "this-week"));
    calendar::Period before = calendar::before(now, zone);
    if (const auto against = request.parameter("against")) {
        STENO_ASSIGN(const Timestamp moment, now_parameter(request, zone));
        STENO_ASSIGN(before, calendar::parse_period(*against, zone, moment));
        before = calendar::as_far_as(before, now, zone);
    }
    STENO_ASSIGN(const std::vector<store::Field> by, fields_parameter(request, "by", "model.requested"));
    STENO_ASSIGN(const std::uint64_t limit,
                 number_parameter(request, "limit", 100, 1, analysis::kMaxCompared));
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const analysis::Comparison comparison,
                 analysis::compare(*calls, within(selection, now), within(selection, before), by));
    STENO_ASSIGN(const std::optional<Timestamp> begin, analysis::record_begin(*calls));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, "period", now, zone);
    write_period(json, "against", before, zone);
    write_moment(json, "record_begins", begin, zone);
    analysis::write_members(json, comparison, by, limit);
    json.end_object();
    return answer;
}

}  // namespace steno::server
