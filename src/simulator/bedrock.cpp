#include "simulator/bedrock.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/language.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::simulator {

namespace json = boost::json;

namespace {

struct ErrorRow {
    std::string_view kind;
    int status;
    std::string_view type;
    std::string_view message;
};

constexpr std::array<ErrorRow, 11> kErrors{{
    {"auth", 403, "UnrecognizedClientException", "The security token included in the request is invalid."},
    {"content_filter", 400, "ValidationException",
     "The request was blocked, because it violates the content policy."},
    {"context_length", 400, "ValidationException", "Input is too long for requested model."},
    {"invalid", 400, "ValidationException",
     "Malformed input request, please reformat your input and try again."},
    {"not_found", 404, "ResourceNotFoundException",
     "Could not resolve the foundation model from the provided model identifier."},
    {"overloaded", 503, "ServiceUnavailableException", "Bedrock is unable to process your request."},
    {"permission", 403, "AccessDeniedException",
     "You don't have access to the model with the specified model ID."},
    {"quota", 400, "ServiceQuotaExceededException",
     "Your request exceeds the service quota for your account."},
    {"rate_limit", 429, "ThrottlingException", "Too many requests, please wait before trying again."},
    {"server", 500, "InternalServerException",
     "The system encountered an unexpected error during processing. Try your request again."},
    {"timeout", 408, "ModelTimeoutException",
     "Model has timed out in processing the request. Try your request again."},
}};

const ErrorRow& row_of(std::string_view kind) {
    const auto* const found = std::ranges::find(kErrors, kind, &ErrorRow::kind);
    return found == kErrors.end() ? kErrors[9] : *found;
}

std::string message_body(std::string_view message) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("message", message);
    json.end_object();
    return out;
}

void add_request_id(net::Headers& headers, Dice& dice) {
    headers.add("x-amzn-requestid", fmt::format("{}-{}-4{}-8{}-{}", dice.hex(8), dice.hex(4), dice.hex(3),
                                                dice.hex(3), dice.hex(12)));
}

Reply refuse(std::string_view kind, const Knobs& knobs, Dice& dice, std::string_view message = {}) {
    const ErrorRow& row = row_of(kind);
    Reply reply;
    reply.status = knobs.status ? static_cast<int>(*knobs.status) : row.status;
    add_request_id(reply.headers, dice);
    reply.headers.add("x-amzn-errortype",
                      fmt::format("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", row.type));
    if (knobs.retry_after) reply.headers.add("retry-after", fmt::format("{}", *knobs.retry_after));
    reply.frames.push_back(message_body(message.empty() ? row.message : message));
    reply.knobs = knobs;
    return reply;
}

/// What ends a stream that began well: the names are those of the errors, with a small first letter.
std::string exception_message(std::string_view kind) {
    const ErrorRow& row = row_of(kind);
    std::string type(row.type);
    type[0] = static_cast<char>(type[0] - 'A' + 'a');
    return amazon_message(
        {{":exception-type", type}, {":content-type", "application/json"}, {":message-type", "exception"}},
        message_body(row.message));
}

std::string data_of(std::string_view sse) {
    constexpr std::string_view kData = "data: ";
    const std::string_view data = sse.substr(sse.find(kData) + kData.size());
    return std::string(data.substr(0, data.find('\n')));
}

/// The counts of Anthropic's usage object, of which Bedrock makes headers and metrics.
void take_usage(const json::value& usage, Answer& counts) {
    counts.cached_tokens = integer_at(usage, "cache_read_input_tokens").value_or(0);
    counts.cache_write_5m = integer_at(usage, "cache_creation_input_tokens").value_or(0);
    counts.input_tokens =
        integer_at(usage, "input_tokens").value_or(0) + counts.cached_tokens + counts.cache_write_5m;
    counts.output_tokens = integer_at(usage, "output_tokens").value_or(0);
}

/// Anthropic's own answer, in Bedrock's wrapping.
Reply answer_claude(const BedrockCall& call, const Incoming& request, Dice& dice) {
    json::object body = call.body.get_object();
    body["model"] = call.model;
    body["stream"] = call.stream;
    const std::string native = json::serialize(body);
    Incoming inner = request;
    inner.path = "/v1/messages";
    inner.body = native;
    Reply answer = answer_anthropic(inner);
    if (answer.status != 200) {
        const auto error = parse_body(answer.frames.front());
        const json::value* const told = error ? find(*error, "error") : nullptr;
        return refuse("invalid", {}, dice, told ? string_at(*told, "message") : "");
    }
    Reply reply;
    Answer counts;
    for (const std::string& frame : answer.frames) {
        std::string message = call.stream ? data_of(frame) : frame;
        if (const auto parsed = parse_body(message); parsed && find(*parsed, "usage"))
            take_usage(*find(*parsed, "usage"), counts);
        if (call.stream && frame == answer.frames.back() && call.knobs.usage != "none") {
            message.pop_back();
            message += R"(,"amazon-bedrock-invocationMetrics":)" + invocation_metrics(counts) + "}";
        }
        reply.frames.push_back(call.stream ? amazon_chunk(message) : message);
    }
    if (!call.stream) add_count_headers(reply.headers, counts);
    return reply;
}

Reply answer_llama(const BedrockCall& call, const Answer& answer) {
    const auto piece = [&](std::string_view text, std::int64_t tokens, bool first, bool last) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("generation", text);
        first ? json.member("prompt_token_count", answer.input_tokens)
              : json.member_raw("prompt_token_count", "null");
        json.member("generation_token_count", tokens);
        last ? json.member("stop_reason", answer.finish == Finish::Length ? "length" : "stop")
             : json.member_raw("stop_reason", "null");
        if (last && call.stream)
            json.member_raw("amazon-bedrock-invocationMetrics", invocation_metrics(answer));
        json.end_object();
        return out;
    };
    Reply reply;
    if (!call.stream) {
        reply.frames.push_back(piece(answer.text, answer.output_tokens, true, true));
        add_count_headers(reply.headers, answer);
        return reply;
    }
    std::int64_t tokens = 0;
    for (const std::string& text : answer.pieces) {
        ++tokens;
        reply.frames.push_back(amazon_chunk(piece(text, tokens, tokens == 1, false)));
    }
    reply.frames.push_back(amazon_chunk(piece("", answer.output_tokens, false, true)));
    return reply;
}

Reply answer_titan_embedding(const BedrockCall& call) {
    const auto dimensions =
        std::clamp<std::int64_t>(integer_at(call.body, "dimensions").value_or(1024), 1, 4096);
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("embedding");
    json.begin_array();
    for (const float value : embedding_of(call.prompt, static_cast<std::size_t>(dimensions), 0))
        json.number(static_cast<double>(value));
    json.end_array();
    const std::int64_t tokens = count_tokens(call.prompt);
    json.member("inputTextTokenCount", tokens);
    json.end_object();
    Reply reply;
    reply.frames.push_back(std::move(out));
    reply.headers.add("x-amzn-bedrock-input-token-count", fmt::format("{}", tokens));
    return reply;
}

/// Text of the last user message that has any, whatever the body is.
std::string prompt_of(const json::value& body) {
    for (const std::string_view name : {"inputText", "prompt"})
        if (find(body, name)) return string_at(body, name);
    const json::array& messages = elements(find(body, "messages"));
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (string_at(*message, "role") != "user") continue;
        if (std::string text = text_of_content(find(*message, "content")); !text.empty()) return text;
    }
    return {};
}

}  // namespace

void add_count_headers(net::Headers& headers, const Answer& answer) {
    const std::pair<std::string_view, std::int64_t> counts[] = {
        {"input", answer.fresh_input()},
        {"output", answer.output_tokens},
        {"cache-read-input", answer.cached_tokens},
        {"cache-write-input", answer.cache_write_5m + answer.cache_write_1h}};
    for (const auto& [name, count] : counts)
        headers.add(fmt::format("x-amzn-bedrock-{}-token-count", name), fmt::format("{}", count));
    headers.add("x-amzn-bedrock-invocation-latency", fmt::format("{}", 100 + answer.output_tokens));
}

std::string invocation_metrics(const Answer& answer) {
    return fmt::format(
        R"({{"inputTokenCount":{},"outputTokenCount":{},"invocationLatency":{},"firstByteLatency":50,)"
        R"("cacheReadInputTokenCount":{},"cacheWriteInputTokenCount":{}}})",
        answer.fresh_input(), answer.output_tokens, 100 + answer.output_tokens, answer.cached_tokens,
        answer.cache_write_5m + answer.cache_write_1h);
}

Reply answer_prompt(const BedrockCall& call, Dice& dice) {
    const bool titan = find(call.body, "inputText") != nullptr;
    if (titan && call.model.find("embed") != std::string::npos) return answer_titan_embedding(call);
    Question question;
    question.model = call.model;
    question.prompt = call.prompt;
    question.context = call.prompt;
    question.knobs = call.knobs;
    question.max_tokens = integer_at(call.body, "max_gen_len");
    if (const json::value* config = find(call.body, "textGenerationConfig"))
        question.max_tokens = integer_at(*config, "maxTokenCount");
    const Answer answer = answer_question(question, dice);
    if (!titan) return answer_llama(call, answer);

    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("inputTextTokenCount", answer.input_tokens);
    const auto text_and_reason = [&] {
        json.member("outputText", std::string_view(answer.text));
        json.member("completionReason", answer.finish == Finish::Length ? "LENGTH" : "FINISH");
    };
    if (call.stream) {
        text_and_reason();
        json.member("index", 0);
        json.member("totalOutputTextTokenCount", answer.output_tokens);
        json.member_raw("amazon-bedrock-invocationMetrics", invocation_metrics(answer));
    } else {
        json.key("results");
        json.begin_array();
        json.begin_object();
        json.member("tokenCount", answer.output_tokens);
        text_and_reason();
        json.end_object();
        json.end_array();
    }
    json.end_object();
    Reply reply;
    reply.frames.push_back(call.stream ? amazon_chunk(out) : out);
    if (!call.stream) add_count_headers(reply.headers, answer);
    return reply;
}

Reply answer_bedrock(const Incoming& request) {
    constexpr std::string_view kModel = "/model/";
    Dice dice(request.seed);
    BedrockCall call;
    const std::size_t slash = request.path.rfind('/');
    if (request.method != "POST" || !request.path.starts_with(kModel) || slash <= kModel.size())
        return refuse("not_found", {}, dice, "Unable to determine service/operation name to be authorized");
    const std::string_view verb = request.path.substr(slash + 1);
    call.model = net::percent_decode(request.path.substr(kModel.size(), slash - kModel.size()));
    call.stream = verb == "converse-stream" || verb == "invoke-with-response-stream";
    const bool converses = verb == "converse" || verb == "converse-stream";
    call.native = !converses;
    if (!converses && verb != "invoke" && !call.stream) return refuse("not_found", {}, dice);
    auto body = parse_body(request.body);
    if (!body) return refuse("invalid", {}, dice);
    call.body = std::move(*body);
    call.prompt = prompt_of(call.body);
    if (auto set = set_knobs(call.knobs, *request.headers, call.prompt); !set)
        return refuse("invalid", {}, dice, set.error().message);
    if (const auto kind = wanted_error(call.knobs, call.stream); !kind.empty())
        return refuse(kind, call.knobs, dice);
    const bool chats = find(call.body, "messages") != nullptr;
    if (converses && !chats) return refuse("invalid", {}, dice);
    Reply reply = converses || (chats && !find(call.body, "anthropic_version")) ? answer_converse(call, dice)
                  : chats ? answer_claude(call, request, dice)
                          : answer_prompt(call, dice);
    if (reply.status != 200) return reply;
    add_request_id(reply.headers, dice);
    if (call.stream) {
        reply.stream = reply.framed = true;
        reply.content_type = "application/vnd.amazon.eventstream";
        if (!converses) reply.headers.add("x-amzn-bedrock-content-type", "application/json");
        reply.error_frame =
            exception_message(call.knobs.error.empty() ? std::string_view("overloaded") : call.knobs.error);
    }
    reply.knobs = call.knobs;
    return reply;
}

}  // namespace steno::simulator
