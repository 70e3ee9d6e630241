#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/reply.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <string>
#include <utility>

/// Azure OpenAI and Foundry: OpenAI's and Anthropic's answers, below other paths, with Azure's headers, its
/// content filter's verdicts and its errors.
namespace steno::simulator {

namespace json = boost::json;

namespace {

constexpr std::string_view kSafe =
    R"({"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},)"
    R"("sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}})";

struct Target {
    std::string path;        ///< as OpenAI has it
    std::string deployment;  ///< named in the path
    bool inference = false;
};

/// Nothing: there is no such path.
std::optional<Target> target_of(std::string_view path) {
    constexpr std::string_view kDeployments = "/openai/deployments/";
    constexpr std::string_view kVersionOne = "/openai/v1/";
    if (path.starts_with(kDeployments)) {
        path.remove_prefix(kDeployments.size());
        const auto slash = path.find('/');
        if (slash == std::string_view::npos) return std::nullopt;
        return Target{"/v1" + std::string(path.substr(slash)), std::string(path.substr(0, slash))};
    }
    if (path.starts_with(kVersionOne))
        return Target{"/v1/" + std::string(path.substr(kVersionOne.size())), {}};
    if (path == "/openai/responses") return Target{"/v1/responses", {}};
    if (path == "/models/chat/completions") return Target{"/v1/chat/completions", {}, true};
    return std::nullopt;
}

/// Deployments have names of their own: here "prod-M" serves the model M.
std::string model_behind(std::string_view deployment) {
    constexpr std::string_view kPrefix = "prod-";
    if (deployment.starts_with(kPrefix)) deployment.remove_prefix(kPrefix.size());
    return std::string(deployment);
}

std::string error_text(int status, const json::value& openai) {
    const json::value* inner = find(openai, "error");
    const std::string code = inner ? string_at(*inner, "code") : std::string{};
    std::string message = inner ? string_at(*inner, "message") : std::string{};
    json::object error;
    if (status == 401) {
        error["code"] = "401";
        message = "Access denied due to invalid subscription key or wrong API endpoint.";
    } else if (status == 404) {
        error["code"] = "DeploymentNotFound";
        message = "The API deployment for this resource does not exist.";
    } else if (code == "content_policy_violation") {
        error["code"] = "content_filter";
        error["param"] = "prompt";
        error["status"] = status;
        error["type"] = nullptr;
        json::value verdict = json::parse(kSafe);
        verdict.as_object()["violence"] = {{"filtered", true}, {"severity", "medium"}};
        error["innererror"] = {{"code", "ResponsibleAIPolicyViolation"},
                               {"content_filter_result", std::move(verdict)}};
        message =
            "The response was filtered due to the prompt triggering Azure OpenAI's content management "
            "policy.";
    } else {
        error["code"] = code.empty() ? fmt::format("{}", status) : code;
    }
    error["message"] = message;
    return json::serialize(json::value{{"error", std::move(error)}});
}

/// Each choice with the content filter's verdict.
std::string with_verdicts(std::string_view text, bool whole) {
    auto body = parse_body(text);
    json::object* const object = body ? body->if_object() : nullptr;
    json::value* const choices = object ? object->if_contains("choices") : nullptr;
    if (!choices || !choices->is_array()) return std::string(text);
    for (json::value& choice : choices->as_array())
        if (json::object* one = choice.if_object()) (*one)["content_filter_results"] = json::parse(kSafe);
    if (whole)
        (*object)["prompt_filter_results"] =
            json::parse(fmt::format(R"([{{"prompt_index":0,"content_filter_results":{}}}])", kSafe));
    return json::serialize(*body);
}

void dress_answer(Reply& reply, const Target& target) {
    if (target.path == "/v1/embeddings" || target.path == "/v1/responses") return;
    if (!reply.stream) {
        reply.frames.front() = with_verdicts(reply.frames.front(), true);
        return;
    }
    constexpr std::string_view kData = "data: ";
    for (std::string& frame : reply.frames) {
        if (!frame.starts_with("data: {")) continue;
        frame = sse_frame("", with_verdicts(std::string_view(frame).substr(kData.size()), false));
    }
    reply.frames.insert(
        reply.frames.begin(),
        sse_frame(
            "", fmt::format(R"({{"choices":[],"created":0,"id":"","model":"","object":"",)"
                            R"("prompt_filter_results":[{{"prompt_index":0,"content_filter_results":{}}}]}})",
                            kSafe)));
}

void dress_head(Reply& reply, std::string_view deployment, Dice& dice) {
    net::Headers& headers = reply.headers;
    for (const std::string_view name :
         {"openai-organization", "openai-processing-ms", "openai-version", "x-should-retry"})
        headers.remove(name);
    headers.add("apim-request-id", dice.hex(8) + "-0000-4000-8000-" + dice.hex(12));
    headers.add("x-ms-region", "Sweden Central");
    headers.add("azureml-model-session", "d060-20261120000000");
    if (!deployment.empty()) headers.add("x-ms-deployment-name", std::string(deployment));
    for (const std::string_view kind : {"requests", "tokens"})
        if (headers.has(fmt::format("x-ratelimit-reset-{}", kind)))
            headers.set(fmt::format("x-ratelimit-reset-{}", kind), "30");
}

}  // namespace

Reply answer_azure(const Incoming& request) {
    Dice dice(request.seed);
    if (constexpr std::string_view kAnthropic = "/anthropic"; request.path.starts_with(kAnthropic)) {
        Incoming asked = request;
        asked.path = request.path.substr(kAnthropic.size());
        Reply reply = answer_anthropic(asked);
        reply.headers.add("apim-request-id", dice.hex(8) + "-0000-4000-8000-" + dice.hex(12));
        return reply;
    }
    const auto target = target_of(request.path);
    const bool versioned = request.query.contains("api-version=") || request.path.starts_with("/openai/v1/");
    if (!target || !versioned) {
        Reply reply;
        reply.status = 404;
        reply.frames.emplace_back(R"({"error":{"code":"404","message":"Resource not found"}})");
        return reply;
    }
    auto body = parse_body(request.body);
    std::string deployment = target->deployment;
    if (json::object* const object = body ? body->if_object() : nullptr) {
        if (deployment.empty()) deployment = string_at(*body, "model");
        (*object)["model"] = model_behind(deployment);
    }
    const std::string asked = body ? json::serialize(*body) : std::string(request.body);
    Incoming openai = request;
    openai.path = target->path;
    openai.body = asked;
    Reply reply = answer_openai(openai);
    if (reply.status == 200) {
        if (!target->inference) dress_answer(reply, *target);
    } else if (const auto error = parse_body(reply.frames.front())) {
        reply.frames.front() = error_text(reply.status, *error);
    }
    dress_head(reply, deployment, dice);
    return reply;
}

}  // namespace steno::simulator
