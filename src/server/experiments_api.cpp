#include "base/json_or_null.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "experiments/experiments.hpp"
#include "server/api.hpp"
#include "server/changing.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace steno::server {

namespace {

using control::Condition;
using experiments::Definition;
using experiments::Experiment;
using experiments::Experiments;

constexpr std::uint64_t kMostChanges = 1000;

Result<Experiments*> experiments_of(const Services& services) {
    if (services.experiments != nullptr) return services.experiments;
    return fail(Code::FailedPrecondition, "there are no experiments here");
}

const std::string& name_in(const ApiRequest& request) {
    return request.captures.front();
}

Timestamp now() {
    return system_clock().now();
}

void write(JsonWriter& json, const Experiment& experiment) {
    json.begin_object();
    json.member("id", experiment.id);
    experiments::write_members(json, experiment.definition);
    json.member("state", to_string(experiment.state));
    text_or_null(json, "winner", experiment.winner);
    json.member("revision", experiment.revision);
    json.member("created_at", experiment.created_at.to_string());
    write_moment(json, "started_at", experiment.started_at);
    write_moment(json, "concluded_at", experiment.concluded_at);
    json.member("changed_at", experiment.changed_at.to_string());
    text_or_null(json, "changed_by", experiment.changed_by);
    json.member("etag", experiment.tag());
    json.end_object();
}

ApiAnswer answer_with(const Experiment& experiment) {
    ApiAnswer answer;
    answer.headers.emplace_back("ETag", experiment.tag());
    JsonWriter json(answer.body);
    write(json, experiment);
    return answer;
}

/// One change of one experiment: the parameters that only it has, and what is to be done.
template <class Do>
Result<ApiAnswer> changed(Services& services, const ApiRequest& request, Do&& change) {
    STENO_ASSIGN(Experiments* const experiments, experiments_of(services));
    Condition condition = condition_of(request);
    const Result<Experiment> done = change(*experiments, condition);
    return done ? answer_with(*done) : not_done(done.error(), condition);
}

Result<Experiments::Then> then_of(const ApiRequest& request) {
    Experiments::Then then;
    if (request.parameter("revision")) {
        STENO_ASSIGN(const std::uint64_t revision, number_parameter(request, "revision", 1, 1, 1u << 30));
        then.revision = static_cast<std::int64_t>(revision);
    }
    if (const auto at = request.parameter("at")) {
        then.at = Timestamp::parse(*at);
        if (!then.at) return fail(Code::InvalidArgument, "at: no moment (RFC 3339)", "2026-11-22T18:50:00Z");
    }
    return then;
}

}  // namespace

Result<ApiAnswer> list_experiments(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"state", "prompt", "prompt_type"}));
    if (const auto state = request.parameter("state"); state && !experiments::parse_state(*state))
        return fail(Code::InvalidArgument, fmt::format("state: \"{}\" is none", utf8_prefix(*state, 80)),
                    "draft, running, paused or concluded");
    STENO_ASSIGN(Experiments* const experiments, experiments_of(services));
    STENO_ASSIGN(const auto all, experiments->all());
    const auto fits = [&](std::string_view parameter, std::string_view value) {
        const auto wanted = request.parameter(parameter);
        return !wanted || *wanted == value;
    };
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("experiments");
    json.begin_array();
    for (const Experiment& experiment : all) {
        const Definition& definition = experiment.definition;
        if (fits("state", to_string(experiment.state)) && fits("prompt", definition.prompt) &&
            fits("prompt_type", definition.prompt_type))
            write(json, experiment);
    }
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> create_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    STENO_ASSIGN(const Definition definition, experiments::definition_from_json(request.body));
    STENO_ASSIGN(Experiments* const experiments, experiments_of(services));
    STENO_ASSIGN(const Experiment experiment, experiments->create(definition, author_of(request), now()));
    ApiAnswer answer = answer_with(experiment);
    answer.status = 201;
    return answer;
}

Result<ApiAnswer> show_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(Experiments* const experiments, experiments_of(services));
    STENO_ASSIGN(const Experiment experiment, experiments->get(name_in(request)));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    write(json, experiment);
    return tagged(std::move(answer), experiment.tag(), request);
}

Result<ApiAnswer> change_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    return changed(services, request, [&](Experiments& experiments, Condition& condition) {
        return experiments.change(
            name_in(request),
            [&](Definition& definition) { return experiments::change_from_json(request.body, definition); },
            author_of(request), now(), condition);
    });
}

Result<ApiAnswer> remove_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(Experiments* const experiments, experiments_of(services));
    Condition condition = condition_of(request);
    const auto done = experiments->remove(name_in(request), condition);
    return done ? nothing() : not_done(done.error(), condition);
}

Result<ApiAnswer> start_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    return changed(services, request, [&](Experiments& experiments, Condition& condition) {
        return experiments.start(name_in(request), author_of(request), now(), condition);
    });
}

Result<ApiAnswer> pause_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    return changed(services, request, [&](Experiments& experiments, Condition& condition) {
        return experiments.pause(name_in(request), author_of(request), now(), condition);
    });
}

Result<ApiAnswer> conclude_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"winner", "by", "reason"}));
    return changed(services, request, [&](Experiments& experiments, Condition& condition) {
        return experiments.conclude(name_in(request), std::string(request.parameter("winner").value_or("")),
                                    author_of(request), now(), condition);
    });
}

Result<ApiAnswer> stop_experiment_variant(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"by", "reason"}));
    return changed(services, request, [&](Experiments& experiments, Condition& condition) {
        return experiments.stop_variant(name_in(request), request.captures[1], author_of(request), now(),
                                        condition);
    });
}

Result<ApiAnswer> list_experiment_changes(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"limit"}));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 100, 1, kMostChanges));
    STENO_ASSIGN(Experiments* const experiments, experiments_of(services));
    STENO_ASSIGN(const auto changes, experiments->history(name_in(request), limit));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("changes");
    json.begin_array();
    for (const experiments::Change& change : changes) {
        json.begin_object();
        json.member("revision", change.revision);
        json.member("at", change.at.to_string());
        json.member("action", change.action);
        json.member_raw("before", change.before);
        json.member_raw("after", change.after);
        text_or_null(json, "by", change.author.by);
        text_or_null(json, "reason", change.author.reason);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> assign_experiment_unit(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"unit", "revision", "at"}));
    const auto unit = request.parameter("unit");
    if (!unit)
        return fail(Code::InvalidArgument, "unit is missing: whose variant is asked for?", "?unit=USER");
    STENO_ASSIGN(const Experiments::Then then, then_of(request));
    STENO_ASSIGN(Experiments* const experiments, experiments_of(services));
    STENO_ASSIGN(const experiments::Change last, experiments->change_before(name_in(request), then));
    const auto assigned = assignment::Assigner(last.plan).assign(*unit);
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("id", last.plan.id);
    json.member("name", last.plan.name);
    json.member("unit", *unit);
    json.member("revision", last.revision);
    json.member("state", to_string(last.state));
    json.member("takes_part", assigned.has_value());
    text_or_null(json, "variant", assigned ? last.plan.variants[assigned->variant].name : "");
    number_or_null(json, "probability",
                   assigned ? std::optional(assigned->probability) : std::optional<double>());
    json.end_object();
    return answer;
}

}  // namespace steno::server
