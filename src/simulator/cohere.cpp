#include "simulator/cohere.hpp"

#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/language.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace steno::simulator {

namespace json = boost::json;

namespace {

struct ErrorRow {
    std::string_view kind;
    int status;
    std::string_view message;
};

/// Cohere says what went wrong in a status and a sentence, and nothing else.
constexpr std::array<ErrorRow, 11> kErrors{{
    {"auth", 401, "invalid api token"},
    {"content_filter", 400, "blocked output: the content was flagged by the safety system"},
    {"context_length", 400,
     "too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 140213. Try "
     "using a shorter prompt."},
    {"invalid", 400, "invalid request: the request is not valid."},
    {"not_found", 404,
     "model '{}' not found, make sure the correct model ID was used and that you have access to the model."},
    {"overloaded", 503, "service unavailable, please try again later"},
    {"permission", 403, "this API key is not allowed to use this endpoint"},
    {"quota", 402, "Please add or update your payment method at https://dashboard.cohere.com/billing"},
    {"rate_limit", 429,
     "You are using a Trial key, which is limited to 20 API calls / minute. You can continue to use the "
     "Trial key for free or upgrade to a Production key with higher rate limits."},
    {"server", 500, "internal server error"},
    {"timeout", 504, "the request timed out"},
}};

void add_headers(net::Headers& headers, Dice& dice) {
    headers.add("x-debug-trace-id", dice.hex(32));
    headers.add("x-endpoint-monthly-call-limit", "1000");
    headers.add("x-trial-endpoint-call-limit", "40");
    headers.add("x-trial-endpoint-call-remaining", fmt::format("{}", dice.between(1, 39)));
    headers.add("x-envoy-upstream-service-time", fmt::format("{}", dice.between(60, 900)));
}

Reply refuse(std::string_view kind, const Knobs& knobs, Dice& dice, std::string_view model,
             std::string_view message = {}) {
    const auto* row = std::ranges::find(kErrors, kind, &ErrorRow::kind);
    if (row == kErrors.end()) row = std::ranges::find(kErrors, "server", &ErrorRow::kind);
    Reply reply;
    reply.status = knobs.status ? static_cast<int>(*knobs.status) : row->status;
    add_headers(reply.headers, dice);
    if (reply.status == 429) reply.headers.set("x-trial-endpoint-call-remaining", "0");
    if (knobs.retry_after) reply.headers.set("retry-after", fmt::format("{}", *knobs.retry_after));
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", std::string_view(cohere_id(dice)));
    json.member("message",
                message.empty() ? fmt::format(fmt::runtime(row->message), model) : std::string(message));
    json.end_object();
    reply.frames.push_back(std::move(out));
    reply.knobs = knobs;
    return reply;
}

/// The texts of a list of strings, or of inputs whose content has parts.
std::vector<std::string> inputs_of(const json::value& body) {
    std::vector<std::string> texts;
    for (const char* const name : {"texts", "images"})
        for (const json::value& element : elements(find(body, name)))
            if (element.is_string()) texts.emplace_back(view(element.get_string()));
    for (const json::value& input : elements(find(body, "inputs")))
        texts.push_back(text_of_content(find(input, "content")));
    return texts;
}

void write_vector(JsonWriter& json, const std::vector<float>& vector, std::string_view type) {
    if (type == "base64")
        return json.string(
            to_base64({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)}));
    json.begin_array();
    if (type == "binary" || type == "ubinary") {
        for (std::size_t at = 0; at + 8 <= vector.size(); at += 8) {
            std::int64_t byte = 0;
            for (std::size_t bit = 0; bit < 8; ++bit) byte = byte * 2 + (vector[at + bit] > 0 ? 1 : 0);
            json.number(type == "binary" ? byte - 128 : byte);
        }
    } else {
        for (const float value : vector) {
            if (type == "float") {
                json.number(static_cast<double>(value));
            } else {
                constexpr float kSteps = 127.0f;
                json.number(std::int64_t{std::lround(value * kSteps)} + (type == "uint8" ? 128 : 0));
            }
        }
    }
    json.end_array();
}

Reply embed(const CohereCall& call, Dice& dice) {
    constexpr std::size_t kMostInputs = 96;
    const std::vector<std::string> inputs = inputs_of(call.body);
    if (inputs.empty()) return refuse("invalid", call.knobs, dice, call.model, "invalid request: no inputs");
    if (inputs.size() > kMostInputs)
        return refuse("invalid", call.knobs, dice, call.model,
                      "invalid request: total number of texts must be at most 96");
    std::int64_t tokens = 0;
    for (const std::string& text : inputs) tokens += std::max<std::int64_t>(1, count_tokens(text));
    const std::int64_t wanted =
        integer_at(call.body, "output_dimension").value_or(call.model.contains("light") ? 384 : 1'024);
    const auto dimensions = static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 8, 1'536));
    std::vector<std::string> types;
    for (const json::value& type : elements(find(call.body, "embedding_types")))
        if (type.is_string()) types.emplace_back(view(type.get_string()));
    const bool plain = types.empty() && !call.v2;
    if (types.empty()) types.emplace_back("float");

    Reply reply;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", std::string_view(cohere_id(dice)));
    json.key("embeddings");
    if (!plain) json.begin_object();
    for (const std::string& type : types) {
        if (!plain) json.key(type);
        json.begin_array();
        for (const std::string& text : inputs) write_vector(json, embedding_of(text, dimensions, 0), type);
        json.end_array();
    }
    if (!plain) json.end_object();
    json.key("texts");
    json.begin_array();
    for (const json::value& text : elements(find(call.body, "texts")))
        if (text.is_string()) json.string(view(text.get_string()));
    json.end_array();
    if (call.knobs.usage != "none") {
        json.key("meta");
        json.begin_object();
        json.member_raw("api_version", call.v2 ? R"({"version":"2"})" : R"({"version":"1"})");
        json.key("billed_units");
        json.begin_object();
        const std::size_t images = elements(find(call.body, "images")).size();
        images > 0 ? json.member("images", static_cast<std::int64_t>(images))
                   : json.member("input_tokens", tokens);
        json.end_object();
        json.end_object();
    }
    json.member("response_type", plain ? "embeddings_floats" : "embeddings_by_type");
    json.end_object();
    reply.frames.push_back(std::move(out));
    return reply;
}

std::set<std::string> words_of(std::string_view text) {
    std::set<std::string> words;
    for (const std::string_view word : split(text, ' ')) words.insert(lower_case(word));
    return words;
}

/// A document is as relevant as it shares words with the query.
Reply rerank(const CohereCall& call, Dice& dice) {
    const json::array& documents = elements(find(call.body, "documents"));
    if (documents.empty())
        return refuse("invalid", call.knobs, dice, call.model,
                      "invalid request: list of documents must not be empty");
    const std::set<std::string> query = words_of(string_at(call.body, "query"));
    std::vector<std::pair<double, std::int64_t>> ranked;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        const std::string text = documents[i].is_string() ? std::string(view(documents[i].get_string()))
                                                          : string_at(documents[i], "text");
        double shared = 0.001 * static_cast<double>(dice.between(1, 90));
        for (const std::string& word : words_of(text)) shared += query.contains(word) ? 1 : 0;
        ranked.emplace_back(shared / static_cast<double>(query.size() + 1), static_cast<std::int64_t>(i));
    }
    std::ranges::sort(ranked, std::greater<>{}, &std::pair<double, std::int64_t>::first);
    const std::int64_t wanted =
        integer_at(call.body, "top_n").value_or(static_cast<std::int64_t>(documents.size()));
    ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(std::max<std::int64_t>(1, wanted))));

    Reply reply;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", std::string_view(cohere_id(dice)));
    json.key("results");
    json.begin_array();
    for (const auto& [score, index] : ranked) {
        json.begin_object();
        json.member("index", index);
        json.member("relevance_score", score);
        json.end_object();
    }
    json.end_array();
    if (call.knobs.usage != "none") {
        constexpr std::size_t kDocumentsOfUnit = 100;
        const std::size_t units = (documents.size() + kDocumentsOfUnit - 1) / kDocumentsOfUnit;
        json.member_raw(
            "meta",
            fmt::format(R"({{"api_version":{{"version":"{}"}},"billed_units":{{"search_units":{}}}}})",
                        call.v2 ? 2 : 1, units));
    }
    json.end_object();
    reply.frames.push_back(std::move(out));
    return reply;
}

Reply tokenize(const CohereCall& call, Dice&) {
    Reply reply;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("tokens");
    json.begin_array();
    for (std::int64_t i = 0; i < count_tokens(string_at(call.body, "text")); ++i) json.number(1'000 + i);
    json.end_array();
    json.member_raw("token_strings", "[]");
    json.member_raw("meta", R"({"api_version":{"version":"1"}})");
    json.end_object();
    reply.frames.push_back(std::move(out));
    return reply;
}

/// The text of the last message of the user, in v2 and v1.
std::string prompt_of(const json::value& body) {
    for (const char* const name : {"message", "prompt"})
        if (find(body, name)) return string_at(body, name);
    const json::array& messages = elements(find(body, "messages"));
    for (auto message = messages.rbegin(); message != messages.rend(); ++message)
        if (string_at(*message, "role") == "user") return text_of_content(find(*message, "content"));
    return {};
}

struct Endpoint {
    std::string_view name;
    Reply (*answer)(const CohereCall&, Dice&);
};

constexpr Endpoint kEndpoints[] = {{"chat", answer_cohere_chat},
                                   {"generate", answer_cohere_generate},
                                   {"embed", embed},
                                   {"rerank", rerank},
                                   {"tokenize", tokenize}};

}  // namespace

std::string cohere_id(Dice& dice) {
    return fmt::format("{}-{}-4{}-8{}-{}", dice.hex(8), dice.hex(4), dice.hex(3), dice.hex(3), dice.hex(12));
}

void write_cohere_units(JsonWriter& json, const CohereUnits& units) {
    constexpr std::int64_t kInstructions = 62;  // read by the model, not billed
    json.key("billed_units");
    json.begin_object();
    json.member("input_tokens", units.input);
    json.member("output_tokens", units.output);
    json.end_object();
    json.key("tokens");
    json.begin_object();
    json.member("input_tokens", units.input + kInstructions);
    json.member("output_tokens", units.output + 1);
    json.end_object();
    if (units.cached > 0) json.member("cached_tokens", units.cached);
}

void write_cohere_meta(JsonWriter& json, std::string_view version, const CohereUnits& units) {
    json.key("meta");
    json.begin_object();
    json.member_raw("api_version", fmt::format(R"({{"version":"{}"}})", version));
    write_cohere_units(json, units);
    json.end_object();
}

Reply answer_cohere(const Incoming& request) {
    constexpr std::string_view kCompatible = "/compatibility";
    if (request.path.starts_with(kCompatible)) {
        Incoming plain = request;
        plain.path.remove_prefix(kCompatible.size());
        return answer_openai(plain);
    }
    Dice dice(request.seed);
    CohereCall call;
    call.v2 = request.path.starts_with("/v2/");
    const std::string_view name = request.path.substr(std::min<std::size_t>(4, request.path.size()));
    const auto* const endpoint = std::ranges::find(kEndpoints, name, &Endpoint::name);
    const bool versioned = call.v2 || request.path.starts_with("/v1/");
    if (request.method != "POST" || !versioned || endpoint == std::end(kEndpoints))
        return refuse("not_found", {}, dice, {}, "not found");
    auto body = parse_body(request.body);
    if (!body) return refuse("invalid", {}, dice, {}, "invalid json: the body could not be parsed");
    call.body = std::move(*body);
    call.model = string_at(call.body, "model");
    call.prompt = prompt_of(call.body);
    call.events = request.headers->get("accepts").value_or("") == "text/event-stream";
    if (auto set = set_knobs(call.knobs, *request.headers, call.prompt); !set)
        return refuse("invalid", {}, dice, call.model, set.error().message);
    if (const auto kind = wanted_error(call.knobs, flag_at(call.body, "stream")); !kind.empty())
        return refuse(kind, call.knobs, dice, call.model);
    Reply reply = endpoint->answer(call, dice);
    if (reply.status == 200) add_headers(reply.headers, dice);
    reply.knobs = call.knobs;
    return reply;
}

}  // namespace steno::simulator
