#include "base/json_or_null.hpp"
#include "base/json_writer.hpp"
#include "record/json_reader.hpp"
#include "repricing/repricer.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace steno::server {

namespace {

using repricing::Repricer;
using repricing::Run;

/// What is done by then is answered whole; of what takes longer one asks again.
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::uint64_t kMostRuns = 1000;

void write_run(JsonWriter& json, const Run& run) {
    json.begin_object();
    json.member("id", run.id);
    json.member("status", to_string(run.status));
    json.member("apply", run.apply);
    json.member("at", run.at.to_string());
    write_moment(json, "ended_at", run.ended_at);
    text_or_null(json, "by", run.author.by);
    text_or_null(json, "reason", run.author.reason);
    write_moment(json, "from", run.from);
    write_moment(json, "to", run.to);
    json.key("filters");
    json.begin_array();
    for (const std::string& filter : run.filters) json.string(filter);
    json.end_array();
    json.member("include_provider", run.billed_too);
    text_or_null(json, "undoes", run.undoes);
    text_or_null(json, "undone_by", run.undone_by);
    json.member("catalogue", run.catalogue);
    number_or_null(json, "own_version", run.own);
    json.member("looked_at", run.looked_at);
    json.member("expected", run.expected);
    text_or_null(json, "error", run.error);
    text_or_null(json, "note", run.note);
    json.key("difference");
    if (run.difference.empty())
        json.null();
    else
        json.raw(run.difference);
    json.end_object();
}

ApiAnswer answer_with(const Run& run) {
    ApiAnswer answer;
    answer.status = run.status == repricing::RunStatus::Running ? 202 : 200;
    JsonWriter json(answer.body);
    write_run(json, run);
    return answer;
}

/// {"apply": false, "include_provider": false, "reason": "…", "by": "…"}; an empty body is all of these.
Result<void> read_body(std::string_view body, Repricer::Order& order) {
    if (body.empty()) return {};
    std::string unknown;
    JsonReader json(body);
    const bool whole = json.object([&](std::string_view name) {
        if (name == "apply") return json.boolean(order.apply);
        if (name == "include_provider") return json.boolean(order.billed_too);
        if (name == "reason" || name == "by") {
            std::string& text = name == "by" ? order.author.by : order.author.reason;
            return json.peek() == JsonReader::Type::String && json.string(text);
        }
        unknown = name;
        return false;
    });
    if (!unknown.empty())
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is not known here", unknown.substr(0, 80)),
                    "apply, include_provider, reason, by");
    if (whole && order.billed_too && !order.undo.empty())
        return fail(Code::InvalidArgument, "include_provider: all costs that it made are given up");
    if (!whole || !json.at_end())
        return fail(Code::InvalidArgument, "the body cannot be understood: " + json.problem(),
                    R"({"apply": true, "reason": "the contract of November"})");
    return {};
}

Result<ApiAnswer> answer_soon(Services& services, Repricer::Order order) {
    STENO_ASSIGN(const Run run, services.repricer->start(std::move(order)));
    STENO_ASSIGN(const Run soon, services.repricer->get(run.id, kPatience));
    return answer_with(soon);
}

}  // namespace

Result<ApiAnswer> reprice(Services& services, const ApiRequest& request) {
    Repricer::Order order;
    STENO_ASSIGN(order.selection, selection_parameters(request, {}));
    STENO_TRY(no_text(order.selection));
    const Timestamp now = system_clock().now();
    if (!order.selection.from)
        return fail(Code::InvalidArgument, "calls of which time?",
                    "period=this-month, or from=2026-11-01 and to=2026-11-20; all: from=1970-01-01");
    // What arrives from now on has the new prices anyway.
    if (!order.selection.to || now < *order.selection.to) order.selection.to = now;
    if (!(*order.selection.from < *order.selection.to))
        return fail(Code::InvalidArgument, "there is nothing between from and to",
                    "from before to, and not in the future");
    for (const auto& [name, value] : request.query)
        if (name != "from" && name != "to" && name != "period" && name != "tz" && name != "text")
            order.filters.push_back(fmt::format("{}={}", name, value));
    STENO_TRY(read_body(request.body, order));
    return answer_soon(services, std::move(order));
}

Result<ApiAnswer> undo_repricing(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    Repricer::Order order;
    order.undo = request.captures.front();
    STENO_TRY(read_body(request.body, order));
    return answer_soon(services, std::move(order));
}

Result<ApiAnswer> list_repricings(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"limit"}));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 100, 1, kMostRuns));
    STENO_ASSIGN(const auto runs, services.repricer->history(limit));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("repricings");
    json.begin_array();
    for (const Run& run : runs) write_run(json, run);
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_repricing(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(const Run run, services.repricer->get(request.captures.front()));
    ApiAnswer answer = answer_with(run);
    answer.status = 200;
    return answer;
}

Result<ApiAnswer> cancel_repricing(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(const Run run, services.repricer->cancel(request.captures.front()));
    return answer_with(run);
}

}  // namespace steno::server
