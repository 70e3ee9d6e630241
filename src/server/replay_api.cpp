#include "base/json_writer.hpp"
#include "record/json.hpp"
#include "server/api.hpp"

#include <simdjson.h>

#include <semaphore>

namespace steno::server {

namespace {

constexpr int kMaxReplays = 2;

struct Wanted {
    std::string call_id;  ///< or how it begins
    evaluation::ReplayRequest change;
};

Result<Wanted> read_replay(std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(body.data(), body.size()).get(object) != simdjson::SUCCESS) {
        return fail(
            Code::InvalidArgument, "the body is no JSON object",
            R"(send {"call_id": "…", "model": "…", "set": {"temperature": 0.2}, "prompt": "…"}; all but call_id may be left out)");
    }
    Wanted replay;
    for (const auto [key, value] : object) {
        std::string_view text;
        if (key == "set") {
            simdjson::dom::object set;
            if (value.get(set) != simdjson::SUCCESS)
                return fail(Code::InvalidArgument, "set must be an object");
            for (const auto [name, setting] : set) {
                replay.change.set[std::string(name)] = simdjson::minify(setting);
            }
            continue;
        }
        if (key == "request") {
            if (!value.is_object()) return fail(Code::InvalidArgument, "request must be an object");
            replay.change.body = simdjson::minify(value);
            continue;
        }
        if (value.get(text) != simdjson::SUCCESS) {
            return fail(Code::InvalidArgument, std::string(key) + " must be a string");
        }
        if (key == "call_id") {
            replay.call_id = text;
        } else if (key == "model") {
            replay.change.model = text;
        } else if (key == "system") {
            replay.change.system = text;
        } else if (key == "prompt") {
            replay.change.prompt = text;
        } else {
            return fail(Code::InvalidArgument, "unknown member " + std::string(key),
                        "call_id, model, set, system, prompt and request are known");
        }
    }
    if (replay.call_id.empty()) return fail(Code::InvalidArgument, "call_id is missing");
    return replay;
}

}  // namespace

Result<ApiAnswer> replay_call(Services& services, const ApiRequest& request) {
    // A replay holds its thread for as long as the model takes: most threads must stay free for queries.
    static std::counting_semaphore<kMaxReplays> slots{kMaxReplays};
    if (!slots.try_acquire()) {
        return fail(Code::Unavailable, "as many replays are running already as this server lets",
                    "try again when one has ended");
    }
    struct Release {
        ~Release() { slots.release(); }
    } release;
    STENO_ASSIGN(const Wanted wanted, read_replay(request.body));
    STENO_ASSIGN(const Uuid id, services.data.calls().id_of(wanted.call_id));
    STENO_ASSIGN(const Call original, services.data.calls().get(id));
    STENO_ASSIGN(const auto outcome, evaluation::replay(services.caller, original, wanted.change));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member_raw("original", to_json(outcome.original));
    json.member_raw("replay", to_json(outcome.replay));
    json.key("comparison");
    json.begin_object();
    const evaluation::Comparison& comparison = outcome.comparison;
    if (comparison.similarity) json.member("similarity", *comparison.similarity);
    if (comparison.cost_delta) json.member("cost_delta", comparison.cost_delta->to_string());
    if (comparison.latency_delta) {
        json.member("latency_delta_ms", static_cast<double>(comparison.latency_delta->nanos) / 1e6);
    }
    if (comparison.output_tokens_delta) json.member("output_tokens_delta", *comparison.output_tokens_delta);
    json.end_object();
    json.end_object();
    return answer;
}

}  // namespace steno::server
