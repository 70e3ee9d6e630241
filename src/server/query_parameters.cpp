#include "server/query_parameters.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "calendar/period.hpp"
#include "record/field_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace steno::server {

namespace {

constexpr std::size_t kMaxFilters = 50;
constexpr std::size_t kMaxFilterValues = 2000;

Result<std::uint32_t> parse_count(std::string_view name, std::string_view text, std::uint32_t max) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > max) {
        return fail(Code::InvalidArgument,
                    std::string(name) + " must be a number from 1 to " + std::to_string(max));
    }
    return value;
}

/// A result, or its error with the parameter's name before it.
template <class T>
Result<T> in_parameter(std::string_view name, Result<T> result) {
    if (result) return result;
    return std::unexpected(std::move(result).error().with_context(std::string(name)));
}

/// True if the dotted path, or anything below it, lives in payload frames.
bool in_payload(std::string_view path) {
    for (const std::string_view list : {"request.messages", "response.messages", "response.tool_calls"}) {
        if (path == list || list.starts_with(std::string(path) + ".")) return true;
    }
    for (const FieldInfo& info : scalar_fields()) {
        const bool below = info.path == path || info.path.starts_with(std::string(path) + ".");
        if (below && info.place != Place::Header && !info.path.starts_with("preview")) return true;
    }
    return false;
}

/// Can `fields` name it: a field, a group of them, or something within one that has names of its own?
bool can_be_shown(std::string_view path) {
    const auto within = [](std::string_view inner, std::string_view outer) {
        return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '.');
    };
    for (const std::string_view list :
         {"request.messages", "response.messages", "response.tool_calls", "scores", "id"}) {
        if (within(path, list) || within(list, path)) return true;
    }
    return std::ranges::any_of(scalar_fields(), [&](const FieldInfo& info) {
        const bool named = info.type == FieldType::Attributes || info.type == FieldType::Counts ||
                           info.type == FieldType::Durations || info.type == FieldType::Json;
        return within(info.path, path) || (named && within(path, info.path));
    });
}

/// A filter, or what is wrong with its name, which may have been meant for a parameter.
Result<store::Filter> filter_parameter(std::string_view name, std::string_view value,
                                       std::span<const std::string_view> others) {
    auto filter = store::make_filter(name, value);
    if (filter) return filter;
    Error error = std::move(filter).error();
    if (const std::string_view meant = nearest(name, others); !meant.empty() && !name.contains('.'))
        error.remedy = "did you mean " + std::string(meant) + "? As a filter: " + error.remedy;
    return std::unexpected(std::move(error));
}

}  // namespace

Result<void> only_parameters(const ApiRequest& request, std::initializer_list<std::string_view> names) {
    for (const auto& [name, value] : request.query) {
        if (std::ranges::find(names, std::string_view(name)) != names.end()) continue;
        std::string all;
        for (const std::string_view known : names) all += (all.empty() ? "" : ", ") + std::string(known);
        const std::string_view meant = nearest(name, std::span(names.begin(), names.size()));
        std::string remedy = meant.empty() ? "" : "did you mean " + std::string(meant) + "? ";
        remedy += all.empty() ? "this path takes none" : "this path takes " + all;
        return fail(Code::InvalidArgument,
                    "there is no parameter \"" + std::string(utf8_prefix(name, 80)) + "\" here",
                    std::move(remedy));
    }
    return {};
}

Result<calendar::Zone> zone_parameter(const ApiRequest& request) {
    return in_parameter("tz", calendar::Zone::find(request.parameter("tz").value_or("UTC")));
}

Result<Timestamp> now_parameter(const ApiRequest& request, const calendar::Zone& zone) {
    constexpr std::int64_t kClocksDiffer = 60'000'000'000;
    const Timestamp now = system_clock().now();
    const auto text = request.parameter("at");
    if (!text) return now;
    STENO_ASSIGN(const Timestamp at, in_parameter("at", calendar::parse_moment(*text, zone, false)));
    if (at.unix_nanos > now.unix_nanos + kClocksDiffer)
        return fail(Code::InvalidArgument, "at has not come yet", "a moment in the past");
    return std::min(at, now);
}

Result<calendar::Period> period_parameter(const ApiRequest& request, const calendar::Zone& zone,
                                          std::string_view otherwise) {
    STENO_ASSIGN(const Timestamp now, now_parameter(request, zone));
    const auto period = request.parameter("period"), from = request.parameter("from"),
               to = request.parameter("to");
    if (period && (from || to))
        return fail(Code::InvalidArgument, "a period has a beginning and an end of its own",
                    "period, or from and to");
    if (from) return calendar::between(*from, to.value_or(""), zone, now);
    if (to) return fail(Code::InvalidArgument, "the period has no beginning", "from and to, or period");
    return in_parameter("period", calendar::parse_period(period.value_or(otherwise), zone, now));
}

Result<void> set_period(store::Selection& selection, const ApiRequest& request, const calendar::Zone& zone,
                        std::string_view otherwise) {
    if (request.parameter("to") && !request.parameter("from") && !request.parameter("period")) return {};
    STENO_ASSIGN(const calendar::Period period, period_parameter(request, zone, otherwise));
    selection.from = period.from;
    selection.to = period.to;
    return {};
}

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

void write_period(JsonWriter& json, const store::Selection& selection, const calendar::Zone& zone) {
    if (!selection.from && !selection.to && zone == calendar::Zone()) return;
    json.key("period");
    json.begin_object();
    write_moment(json, "from", selection.from, zone);
    write_moment(json, "to", selection.to, zone);
    json.member("tz", zone.name());
    json.end_object();
}

void write_moment(JsonWriter& json, std::string_view key, const std::optional<Timestamp>& moment,
                  const calendar::Zone& zone) {
    write_moment(json, key, moment ? std::optional(zone.at(moment->unix_nanos)) : std::nullopt);
}

void write_moment(JsonWriter& json, std::string_view key, const std::optional<Timestamp>& moment) {
    json.key(key);
    if (moment)
        json.string(moment->to_string());
    else
        json.null();
}

Result<void> no_text(const store::Selection& selection) {
    if (selection.text.empty()) return {};
    return fail(Code::InvalidArgument, "statistics of a text search cannot be made yet",
                "leave out text, or list the calls: GET /api/v1/calls?text=…");
}

Result<std::vector<store::Field>> fields_parameter(const ApiRequest& request, std::string_view name,
                                                   std::string_view otherwise) {
    std::vector<store::Field> fields;
    for (const std::string_view path : split(request.parameter(name).value_or(otherwise), ',')) {
        if (path == "none") continue;
        STENO_ASSIGN(store::Field field, store::make_field(path));
        fields.push_back(std::move(field));
    }
    return fields;
}

Result<store::Selection> selection_parameters(const ApiRequest& request,
                                              std::initializer_list<std::string_view> others) {
    store::Selection selection;
    std::size_t values = 0;
    std::vector<std::string_view> names{"from", "to", "period", "tz", "text"};
    // When a period that is not over ends; without a period nothing would be as of then.
    if (request.parameter("period") || request.parameter("from")) names.emplace_back("at");
    names.insert(names.end(), others);
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    if (request.parameter("period")) {
        STENO_ASSIGN(const calendar::Period period, period_parameter(request, zone, {}));
        selection.from = period.from;
        selection.to = period.to;
    }
    for (const auto& [name, value] : request.query) {
        if (std::ranges::find(others, std::string_view(name)) != others.end()) continue;
        const bool plain = std::ranges::find(names, std::string_view(name)) != names.end();
        if (value.empty() && plain) continue;
        if (value.empty())  // a variable that was not set: everybody's calls would be a wrong answer
            return fail(Code::InvalidArgument,
                        "the filter " + std::string(utf8_prefix(name, 80)) + " has no value",
                        "leave it out, or ask for calls without the field: FIELD.exists=false");
        if (name == "from") {
            STENO_ASSIGN(selection.from, in_parameter(name, calendar::parse_moment(value, zone, false)));
        } else if (name == "to") {
            STENO_ASSIGN(selection.to, in_parameter(name, calendar::parse_moment(value, zone, true)));
        } else if (name == "period" || name == "tz" || (name == "at" && plain)) {
            continue;
        } else if (name == "text") {
            selection.text = value;
        } else {
            STENO_ASSIGN(store::Filter filter, filter_parameter(name, value, names));
            values += filter.values.size();
            selection.filters.push_back(std::move(filter));
            if (selection.filters.size() > kMaxFilters || values > kMaxFilterValues) {
                return fail(Code::InvalidArgument, "too many filters",
                            "at most " + std::to_string(kMaxFilters) + ", with " +
                                std::to_string(kMaxFilterValues) + " values in all");
            }
        }
    }
    if (selection.from && selection.to && *selection.to < *selection.from)
        return fail(
            Code::InvalidArgument,
            "nothing lies between " + selection.from->to_string() + " and " + selection.to->to_string(),
            "the end is the later one");
    return selection;
}

Result<void> set_listed(store::Selection& selection, const ApiRequest& request) {
    const auto unlisted = request.parameter("unlisted");
    if (unlisted && *unlisted != "true" && *unlisted != "false")
        return fail(Code::InvalidArgument, "unlisted takes true or false");
    if (unlisted != "true") store::leave_out_unlisted(selection);
    return {};
}

Result<ListParameters> fields_of_calls(std::string_view fields) {
    ListParameters parameters;
    for (const std::string_view path : split(fields, ',')) {
        if (!can_be_shown(path)) {
            const auto no_field = store::make_field(path);
            if (!no_field) return std::unexpected(Error(no_field.error()).with_context("fields"));
        }
        parameters.fields.emplace_back(path);
        parameters.payload = parameters.payload || in_payload(path);
    }
    parameters.query.fields = parameters.fields;
    return parameters;
}

Result<ListParameters> list_parameters(const ApiRequest& request) {
    STENO_ASSIGN(ListParameters parameters, fields_of_calls(request.parameter("fields").value_or("")));
    STENO_ASSIGN(parameters.query.selection,
                 selection_parameters(request, {"limit", "cursor", "fields", "order", "unlisted"}));
    STENO_TRY(set_listed(parameters.query.selection, request));
    if (const auto limit = request.parameter("limit")) {
        STENO_ASSIGN(parameters.query.limit, parse_count("limit", *limit, store::kMaxPage));
    }
    if (const auto order = request.parameter("order")) STENO_TRY(store::set_order(parameters.query, *order));
    if (const auto cursor = request.parameter("cursor")) parameters.query.cursor = *cursor;
    return parameters;
}

Result<store::Bucket> bucket_parameter(const ApiRequest& request, std::string_view unit) {
    return store::make_bucket(unit, request.parameter("tz").value_or("UTC"));
}

Result<store::AggregateQuery> aggregate_parameters(const ApiRequest& request) {
    store::AggregateQuery query;
    STENO_ASSIGN(query.selection,
                 selection_parameters(request, {"group_by", "bucket", "measures", "order", "limit"}));
    if (const auto groups = request.parameter("group_by")) {
        for (const std::string_view path : split(*groups, ',')) {
            STENO_ASSIGN(store::Field field, store::make_field(path));
            query.group_by.push_back(std::move(field));
        }
    }
    if (const auto unit = request.parameter("bucket")) {
        STENO_ASSIGN(query.bucket, bucket_parameter(request, *unit));
    }
    for (const std::string_view name :
         split(request.parameter("measures").value_or("calls,errors,cost"), ',')) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    if (const auto order = request.parameter("order")) {
        query.descending = order->starts_with('-');
        query.order = order->substr(query.descending ? 1 : 0);
    }
    if (const auto limit = request.parameter("limit")) {
        STENO_ASSIGN(query.limit, parse_count("limit", *limit, store::kMaxGroups));
    }
    return query;
}

}  // namespace steno::server
