#include "base/json_writer.hpp"
#include "record/json.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <algorithm>
#include <array>

namespace steno::server {

namespace {

Result<Uuid> id_of(Services& services, const ApiRequest& request) {
    return services.data.calls().id_of(request.captures.front());
}

ApiAnswer json_answer(std::string body) {
    ApiAnswer answer;
    answer.body = std::move(body);
    return answer;
}

// What is said of a call is kept with each of its rows, and a score's name becomes a name to filter by.
constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxLabel = 1024;
constexpr std::size_t kMaxProse = 64 << 10;

Result<void> bounded(std::string_view name, std::string_view text, std::size_t most) {
    if (text.size() <= most) return {};
    return fail(Code::InvalidArgument,
                std::string(name) + " has " + std::to_string(text.size()) + " bytes; at most " +
                    std::to_string(most) + " are kept",
                most == kMaxProse ? "keep the long text elsewhere, and give its address here"
                                  : "a short name here; what explains it goes into explanation or comment");
}

/// Journals what is said and waits for the disk: acknowledged means durable.
Result<ApiAnswer> say(Services& services, const Said& said) {
    STENO_ASSIGN(const journal::Position position, services.data.recorder().say(said));
    STENO_TRY(services.data.journal().wait_durable(position));
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("position", position.to_string());
    json.end_object();
    return json_answer(std::move(body));
}

Result<ApiAnswer> answer_page(Services& services, const ApiRequest& request,
                              const ListParameters& parameters) {
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    STENO_ASSIGN(const auto page, services.data.calls().find(parameters.query, parameters.payload));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write_period(json, parameters.query.selection, zone);
    json.key("calls");
    json.begin_array();
    const JsonFields fields{.only = parameters.fields, .payload = parameters.payload, .preview = true};
    std::string text;
    for (const Call& call : page.calls) {
        text.clear();
        append_json(text, call, fields);
        json.raw(text);
    }
    json.end_array();
    json.key("next_cursor");
    if (page.next_cursor)
        json.string(*page.next_cursor);
    else
        json.null();
    if (page.searched) {
        json.key("searched");
        json.begin_object();
        json.member("calls", std::uint64_t{page.searched->calls});
        if (page.searched->last) json.member("last_started_at", page.searched->last->to_string());
        json.end_object();
    }
    json.end_object();
    return answer;
}

/// Unless the fields were named: what a call was given, and what became of it.
Result<ApiAnswer> with_inputs(Services& services, const ApiRequest& request, ListParameters parameters) {
    if (parameters.fields.empty()) {
        parameters.fields = {"id",    "kind",  "name",     "project",  "environment", "status", "started_at",
                             "time",  "trace", "who",      "provider", "model",       "prompt", "request",
                             "error", "usage", "attempts", "labels",   "preview"};
        parameters.query.fields = parameters.fields;
        parameters.payload = true;
    }
    return answer_page(services, request, parameters);
}

}  // namespace

Result<ApiAnswer> list_calls(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(const ListParameters parameters, list_parameters(request));
    return answer_page(services, request, parameters);
}

Result<ApiAnswer> list_failures(Services& services, const ApiRequest& request) {
    STENO_ASSIGN(ListParameters parameters, list_parameters(request));
    STENO_ASSIGN(store::Filter failed, store::make_filter("status", store::Op::Eq, "failure"));
    parameters.query.selection.filters.push_back(std::move(failed));
    return with_inputs(services, request, std::move(parameters));
}

Result<ApiAnswer> show_call(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"project"}));
    STENO_ASSIGN(const Uuid id, id_of(services, request));
    STENO_ASSIGN(const Call call, services.data.calls().get(id, request.parameter("project")));
    return json_answer(to_json(call));
}

Result<ApiAnswer> show_raw(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"project", "part"}));
    STENO_ASSIGN(const Uuid id, id_of(services, request));
    const std::string_view part = request.parameter("part").value_or("request");
    if (part != "request" && part != "response" && part != "client_request") {
        return fail(Code::InvalidArgument, "part must be request, response or client_request");
    }
    STENO_ASSIGN(Call call, services.data.calls().get(id, request.parameter("project")));
    std::string& bytes = part == "request"    ? call.raw.request
                         : part == "response" ? call.raw.response
                                              : call.raw.client_request;
    if (part == "client_request" && bytes.empty() && !call.raw.request.empty())
        bytes = std::move(call.raw.request);  // what was sent is what the client sent
    if (bytes.empty()) {
        return fail(Code::NotFound, "the exact bytes of this " + std::string(part) + " were not kept",
                    "see the setting gateway.keep_raw");
    }
    ApiAnswer answer;
    answer.content_type = "application/octet-stream";
    answer.body = std::move(bytes);
    return answer;
}

Result<ApiAnswer> give_feedback(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"project"}));
    Said said;
    STENO_ASSIGN(said.call, id_of(services, request));
    said.project = request.parameter("project").value_or("");
    STENO_ASSIGN(said.feedback, feedback_from_json(request.body));
    const Feedback& feedback = *said.feedback;
    static constexpr std::array<std::string_view, 4> kVerdicts{"accepted", "rejected", "modified", "none"};
    if (!feedback.verdict.empty() && std::ranges::find(kVerdicts, feedback.verdict) == kVerdicts.end()) {
        return fail(Code::InvalidArgument, "verdict: \"" + feedback.verdict + "\" is none",
                    "accepted, rejected, modified or none");
    }
    if (feedback.verdict.empty() && feedback.comment.empty() && !feedback.edit_distance) {
        return fail(Code::InvalidArgument, "this says nothing",
                    "give a verdict, a comment or an edit_distance");
    }
    STENO_TRY(bounded("project", said.project, kMaxName));
    STENO_TRY(bounded("by", feedback.by, kMaxName));
    STENO_TRY(bounded("comment", feedback.comment, kMaxProse));
    if (!said.feedback->at) said.feedback->at = system_clock().now();
    return say(services, said);
}

Result<ApiAnswer> give_score(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"project"}));
    Said said;
    STENO_ASSIGN(said.call, id_of(services, request));
    said.project = request.parameter("project").value_or("");
    STENO_ASSIGN(auto named, score_from_json(request.body));
    said.score_name = std::move(named.first);
    said.score = std::move(named.second);
    const Score& score = *said.score;
    if (!score.value && score.label.empty()) {
        return fail(Code::InvalidArgument, "a score needs a value or a label");
    }
    if (score.value &&
        ((score.min && *score.value < *score.min) || (score.max && *score.value > *score.max))) {
        return fail(Code::InvalidArgument, "value lies outside of min and max");
    }
    STENO_TRY(bounded("project", said.project, kMaxName));
    STENO_TRY(bounded("name", said.score_name, kMaxName));
    STENO_TRY(bounded("label", score.label, kMaxLabel));
    STENO_TRY(bounded("source", score.source, kMaxName));
    STENO_TRY(bounded("by", score.by, kMaxName));
    STENO_TRY(bounded("explanation", score.explanation, kMaxProse));
    if (!said.score->at) said.score->at = system_clock().now();
    return say(services, said);
}

}  // namespace steno::server
