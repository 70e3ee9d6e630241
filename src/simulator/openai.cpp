#include "simulator/openai.hpp"

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/language.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace steno::simulator {

namespace json = boost::json;

namespace {

struct Snapshot {
    std::string_view name;
    std::string_view served;
};

constexpr std::array<Snapshot, 15> kSnapshots{{
    {"gpt-3.5-turbo", "gpt-3.5-turbo-0125"},
    {"gpt-4-turbo", "gpt-4-turbo-2024-04-09"},
    {"gpt-4.1", "gpt-4.1-2025-04-14"},
    {"gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"},
    {"gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"},
    {"gpt-4o", "gpt-4o-2024-08-06"},
    {"gpt-4o-mini", "gpt-4o-mini-2024-07-18"},
    {"gpt-5", "gpt-5-2025-08-07"},
    {"gpt-5-mini", "gpt-5-mini-2025-08-07"},
    {"gpt-5-nano", "gpt-5-nano-2025-08-07"},
    {"omni-moderation-latest", "omni-moderation-2024-09-26"},
    {"o1", "o1-2024-12-17"},
    {"o3", "o3-2025-04-16"},
    {"o3-mini", "o3-mini-2025-01-31"},
    {"o4-mini", "o4-mini-2025-04-16"},
}};

std::string snapshot_of(std::string_view model) {
    for (const Snapshot& snapshot : kSnapshots)
        if (snapshot.name == model) return std::string(snapshot.served);
    return std::string(model);
}

Reply list_models(Dice& dice) {
    Reply reply;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("object", "list");
    json.key("data");
    json.begin_array();
    for (const std::string_view id : {"gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5", "gpt-5-mini", "o4-mini",
                                      "text-embedding-3-small", "text-embedding-3-large"}) {
        json.begin_object();
        json.member("id", id);
        json.member("object", "model");
        json.member("created", 1'715'367'049);
        json.member("owned_by", "system");
        json.end_object();
    }
    json.end_array();
    json.end_object();
    reply.frames.push_back(std::move(out));
    add_usual_headers(Vendor::OpenAi, reply.headers, dice);
    return reply;
}

/// The text of the last message of the user: of `messages`, or of `input` where it is a list of items.
std::string last_user_text(const json::value* messages) {
    const json::array& list = elements(messages);
    for (auto message = list.rbegin(); message != list.rend(); ++message)
        if (string_at(*message, "role") == "user") return text_of_content(find(*message, "content"));
    return {};
}

struct Endpoint {
    std::string_view path;
    Reply (*answer)(const OpenAiCall& call, Dice& dice);
    std::string_view usual_model = "";  ///< where the caller need not name one
    std::string_view prompt = "input";
};

constexpr std::array kEndpoints{
    Endpoint{"/v1/chat/completions", answer_chat_completion},
    Endpoint{"/v1/responses", answer_response},
    Endpoint{"/v1/embeddings", answer_embeddings},
    Endpoint{"/v1/images/generations", answer_images, "dall-e-2", "prompt"},
    Endpoint{"/v1/images/edits", answer_images, "dall-e-2", "prompt"},
    Endpoint{"/v1/images/variations", answer_images, "dall-e-2", "prompt"},
    Endpoint{"/v1/audio/speech", answer_speech},
    Endpoint{"/v1/audio/transcriptions", answer_transcription, "", "prompt"},
    Endpoint{"/v1/audio/translations", answer_transcription, "", "prompt"},
    Endpoint{"/v1/moderations", answer_moderation, "omni-moderation-latest"},
};

std::size_t default_dimensions(std::string_view model) {
    return model.contains("large") ? 3'072 : 1'536;
}

}  // namespace

bool is_reasoning_model(std::string_view model) {
    if (model.size() > 1 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9') return true;
    return (model.starts_with("gpt-5") || model.starts_with("gpt-6")) && !model.contains("chat");
}

bool wants_stream(const json::value& body) {
    return flag_at(body, "stream") || string_at(body, "stream") == "true";
}

std::optional<std::int64_t> number_at(const json::value& body, std::string_view name) {
    if (const auto number = integer_at(body, name)) return number;
    const std::string text = string_at(body, name);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && !text.empty() ? std::optional(number) : std::nullopt;
}

std::vector<std::string> fragments_of(std::string_view text) {
    constexpr std::size_t kBytes = 9;
    std::vector<std::string> fragments;
    while (!text.empty()) {
        std::size_t size = utf8_prefix(text, kBytes).size();
        if (size == 0) size = std::min(kBytes, text.size());
        fragments.emplace_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return fragments;
}

std::vector<float> embedding_of(std::string_view text, std::size_t dimensions, std::uint64_t seed) {
    const Sha256 digest = sha256(text);
    std::uint64_t drawn = 0;
    std::memcpy(&drawn, digest.data(), sizeof drawn);
    Dice dice(drawn ^ seed);
    std::vector<float> vector(dimensions);
    double square = 0;
    for (float& value : vector) {
        value = static_cast<float>(dice.between(-1'000'000, 1'000'000)) / 1e6f;
        square += static_cast<double>(value) * static_cast<double>(value);
    }
    const float length = square > 0 ? static_cast<float>(std::sqrt(square)) : 1.0f;
    for (float& value : vector) value /= length;
    return vector;
}

Reply answer_embeddings(const OpenAiCall& call, Dice& dice) {
    constexpr std::size_t kMostInputs = 2'048;
    constexpr std::int64_t kMostDimensions = 4'096;
    const json::value* input = find(call.body, "input");
    if (!input)
        return error_reply(Vendor::OpenAi, "invalid", call.knobs, dice, call.model,
                           "'input' is a required property");
    std::vector<std::string> texts;
    std::int64_t tokens = 0;
    if (input->is_string()) {
        texts.emplace_back(view(input->get_string()));
    } else if (const json::array& list = elements(input); !list.empty() && list[0].is_number()) {
        tokens += static_cast<std::int64_t>(list.size());
        texts.push_back(fmt::format("{} tokens", list.size()));
    } else {
        for (const json::value& element : list) {
            if (texts.size() == kMostInputs)
                return error_reply(Vendor::OpenAi, "invalid", call.knobs, dice, call.model,
                                   "'$.input' is too long. Maximum length is 2048.");
            if (element.is_array()) tokens += static_cast<std::int64_t>(element.get_array().size());
            texts.push_back(element.is_string() ? std::string(view(element.get_string()))
                                                : std::string("tokens"));
        }
    }
    if (tokens == 0)
        for (const std::string& text : texts) tokens += std::max<std::int64_t>(1, count_tokens(text));

    const std::int64_t wanted = integer_at(call.body, "dimensions")
                                    .value_or(static_cast<std::int64_t>(default_dimensions(call.model)));
    const auto dimensions = static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 1, kMostDimensions));
    const bool base64 = string_at(call.body, "encoding_format") == "base64";
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("object", "list");
    json.key("data");
    json.begin_array();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::vector<float> vector = embedding_of(texts[i], dimensions, 0);
        json.begin_object();
        json.member("object", "embedding");
        json.member("index", static_cast<std::int64_t>(i));
        json.key("embedding");
        if (base64) {
            json.string(
                to_base64({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)}));
        } else {
            json.begin_array();
            for (const float value : vector) json.number(static_cast<double>(value));
            json.end_array();
        }
        json.end_object();
    }
    json.end_array();
    json.member("model", std::string_view(call.model));
    if (call.knobs.usage != "none") {
        json.key("usage");
        json.begin_object();
        json.member("prompt_tokens", tokens);
        json.member("total_tokens", tokens);
        json.end_object();
    }
    json.end_object();
    Reply reply;
    reply.frames.push_back(std::move(out));
    return reply;
}

Reply answer_openai(const Incoming& request) {
    Dice dice(request.seed);
    OpenAiCall call;
    const auto refuse = [&](std::string_view kind, std::string_view message) {
        return error_reply(Vendor::OpenAi, kind, {}, dice, call.model, message);
    };
    if (request.method == "GET" && request.path == "/v1/models") return list_models(dice);

    if (auto reply = answer_files(request, dice)) return std::move(*reply);
    const auto endpoint = std::ranges::find(kEndpoints, request.path, &Endpoint::path);
    if (endpoint == kEndpoints.end())
        return refuse("not_found", fmt::format("Invalid URL ({} {})", request.method, request.path));
    if (request.method != "POST")
        return refuse("invalid",
                      fmt::format("Not allowed to {} on {} (HINT: Perhaps you meant to use a different HTTP "
                                  "method?)",
                                  request.method, request.path));
    if (UploadedForm form = read_upload(request.headers->get("content-type").value_or(""), request.body);
        !form.texts.empty()) {
        call.body = std::move(form.texts);
        call.files = std::move(form.files);
    } else if (auto body = parse_body(request.body)) {
        call.body = std::move(*body);
    } else {
        return refuse("invalid",
                      "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
                      "using your HTTP library correctly.)");
    }
    call.model = string_at(call.body, "model");
    if (call.model.empty()) call.model = endpoint->usual_model;
    if (call.model.empty()) return refuse("invalid", "you must provide a model parameter");
    call.served = snapshot_of(call.model);
    call.created = request.created;
    if (const std::string tier = string_at(call.body, "service_tier"); tier == "flex" || tier == "priority")
        call.service_tier = tier;
    const json::value* input = find(call.body, endpoint->prompt);
    if (request.path == "/v1/chat/completions") {
        if (elements(find(call.body, "messages")).empty())
            return refuse("invalid", "Missing required parameter: 'messages'.");
        call.prompt = last_user_text(find(call.body, "messages"));
    } else if (input && input->is_string()) {
        call.prompt = view(input->get_string());
    } else {
        call.prompt = last_user_text(input);
    }
    if (auto set = set_knobs(call.knobs, *request.headers, call.prompt); !set)
        return refuse("invalid", set.error().message);

    Reply reply;
    if (const auto kind = wanted_error(call.knobs, wants_stream(call.body)); !kind.empty()) {
        reply = error_reply(Vendor::OpenAi, kind, call.knobs, dice, call.model);
    } else {
        reply = endpoint->answer(call, dice);
        if (reply.status == 200) add_usual_headers(Vendor::OpenAi, reply.headers, dice);
    }
    reply.knobs = call.knobs;
    return reply;
}

}  // namespace steno::simulator
