#include "analysis/comparison.hpp"
#include "analysis/statistics.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "calendar/period.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <charconv>

namespace steno::server {

namespace {

Result<std::uint64_t> number_parameter(const ApiRequest& request, std::string_view name,
                                       std::uint64_t otherwise, std::uint64_t least, std::uint64_t most) {
    const auto text = request.parameter(name);
    if (!text) return otherwise;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < least || value > most)
        return fail(Code::InvalidArgument,
                    fmt::format("{} must be a number from {} to {}", name, least, most));
    return value;
}

void write_period(JsonWriter& json, std::string_view key, const calendar::Period& period,
                  const calendar::Zone& zone) {
    json.key(key);
    json.begin_object();
    json.member("from", zone.at(period.from.unix_nanos).to_string());
    json.member("to", zone.at(period.to.unix_nanos).to_string());
    json.member("tz", zone.name());
    json.end_object();
}

/// The store has previews only: sums over what they contain would be wrong, and look exact.
Result<void> no_text(const store::Selection& selection) {
    if (selection.text.empty()) return {};
    return fail(Code::InvalidArgument, "statistics of a text search cannot be made yet",
                "leave out text, or list the calls: GET /api/v1/calls?text=…");
}

store::Selection within(store::Selection selection, const calendar::Period& period) {
    selection.from = period.from;
    selection.to = period.to;
    return selection;
}

}  // namespace

Result<ApiAnswer> show_statistics(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(store::Selection selection,
                 selection_parameters(request, {"bucket", "limit", "groups", "slow_ms"}));
    STENO_TRY(no_text(selection));
    STENO_ASSIGN(const calendar::Period period, period_parameter(request, zone, "today"));
    selection.from = period.from;
    selection.to = period.to;

    analysis::StatisticsOptions options;
    options.slow = services.slow;
    STENO_ASSIGN(const std::uint64_t calls,
                 number_parameter(request, "limit", options.calls, 0, store::kMaxPage));
    STENO_ASSIGN(const std::uint64_t groups, number_parameter(request, "groups", options.groups, 1, 10'000));
    STENO_ASSIGN(
        const std::uint64_t slow_ms,
        number_parameter(request, "slow_ms", static_cast<std::uint64_t>(options.slow.nanos) / 1'000'000, 0,
                         1'000'000'000));
    options.calls = static_cast<std::uint32_t>(calls);
    options.groups = static_cast<std::uint32_t>(groups);
    options.slow = Duration{static_cast<std::int64_t>(slow_ms) * 1'000'000};
    if (const auto unit = request.parameter("bucket")) {
        STENO_ASSIGN(options.bucket, bucket_parameter(request, *unit));
    }

    services.data.calls().catch_up();
    STENO_ASSIGN(const analysis::Statistics statistics,
                 analysis::statistics(services.data.store(), selection, options));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, "period", period, zone);
    analysis::write_members(json, statistics, options);
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
        STENO_ASSIGN(before, calendar::parse_period(*against, zone, system_clock().now()));
        before = calendar::as_far_as(before, now, zone);
    }
    std::vector<store::Field> by;
    for (const std::string_view path : split(request.parameter("by").value_or("model.requested"), ',')) {
        if (path == "none") continue;
        STENO_ASSIGN(store::Field field, store::make_field(path));
        by.push_back(std::move(field));
    }
    STENO_ASSIGN(const std::uint64_t limit,
                 number_parameter(request, "limit", 100, 1, analysis::kMaxCompared));
    services.data.calls().catch_up();
    STENO_ASSIGN(
        const analysis::Comparison comparison,
        analysis::compare(services.data.store(), within(selection, now), within(selection, before), by));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, "period", now, zone);
    write_period(json, "against", before, zone);
    analysis::write_members(json, comparison, by, limit);
    json.end_object();
    return answer;
}

}  // namespace steno::server
