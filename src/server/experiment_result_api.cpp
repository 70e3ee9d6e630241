#include "analysis/experiment_result.hpp"
#include "analysis/experiment_result_json.hpp"
#include "analysis/experiment_versions.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "experiment_watch/question.hpp"
#include "experiment_watch/watcher.hpp"
#include "experiments/experiments.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace steno::server {

namespace {

void write(JsonWriter& json, const experiment_watch::Looked& looked) {
    json.member("at", looked.at.to_string());
    json.key("done");
    json.begin_array();
    for (const std::string& what : looked.done) json.string(what);
    json.end_array();
    json.key("error");
    if (looked.error)
        json.string(looked.error->message);
    else
        json.null();
}

}  // namespace

Result<ApiAnswer> show_experiment_result(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"tz", "metrics"}));
    STENO_ASSIGN(const calendar::Zone zone, zone_parameter(request));
    if (services.experiments == nullptr)
        return fail(Code::FailedPrecondition, "there are no experiments here");
    STENO_ASSIGN(const experiments::Experiment experiment,
                 services.experiments->get(request.captures.front()));
    STENO_ASSIGN(
        analysis::ExperimentQuestion question,
        experiment_watch::question_of(*services.experiments, experiment, system_clock().now(), zone));
    if (const auto metrics = request.parameter("metrics")) {
        question.also.clear();
        for (const std::string_view metric : split(*metrics, ','))
            if (!metric.empty()) question.also.emplace_back(metric);
    }
    services.data.calls().catch_up();
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(analysis::ExperimentResult result, analysis::experiment_result(*calls, question));
    // Nothing is decided by it: who looks every minute does without this question.
    STENO_ASSIGN(auto mixed, analysis::mixed_versions(*calls, question));
    std::ranges::move(mixed, std::back_inserter(result.warnings));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("id", experiment.id);
    json.member("name", experiment.definition.name);
    json.member("state", to_string(experiment.state));
    json.member("unit", question.unit);
    json.member("revision", experiment.revision);
    write_period(json, "period", {*question.from, *question.to}, zone);
    analysis::write_members(json, result);
    json.key("evaluated");
    if (const auto looked = services.experiment_watcher != nullptr
                                ? services.experiment_watcher->last(experiment.id)
                                : std::nullopt) {
        json.begin_object();
        write(json, *looked);
        json.end_object();
    } else {
        json.null();
    }
    json.end_object();
    return answer;
}

Result<ApiAnswer> evaluate_experiment(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    if (services.experiment_watcher == nullptr)
        return fail(Code::FailedPrecondition, "there are no experiments here");
    STENO_ASSIGN(const experiment_watch::Looked looked,
                 services.experiment_watcher->look_at(request.captures.front()));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    write(json, looked);
    json.end_object();
    return answer;
}

}  // namespace steno::server
