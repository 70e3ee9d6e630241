#include "evaluation/replay.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::evaluation {

namespace json = boost::json;

namespace {

/// The three shapes in which requests name their model, parameters and messages.
enum class Shape : std::uint8_t { Messages, Responses, Gemini };

Shape shape_of(const Call& call) {
    const std::string_view path = call.provider.endpoint.path;
    if (path.find(":generateContent") != path.npos || path.find(":streamGenerateContent") != path.npos) {
        return Shape::Gemini;
    }
    return path.ends_with("/responses") ? Shape::Responses : Shape::Messages;
}

/// Puts the text in the place of all text of a message's content: a string, or a list of typed parts of which
/// the first text is replaced, further ones go, and all else (images, files) stays.
bool replace_text(json::value& content, std::string_view text_type, std::string_view prompt) {
    if (content.is_string()) {
        content = prompt;
        return true;
    }
    if (!content.is_array()) return false;
    json::array parts;
    bool placed = false;
    for (json::value& part : content.as_array()) {
        const json::value* text = part.is_object() ? part.as_object().if_contains("text") : nullptr;
        if (text == nullptr) {
            parts.push_back(std::move(part));
        } else if (!placed) {
            part.as_object()["text"] = prompt;
            parts.push_back(std::move(part));
            placed = true;
        }
    }
    if (!placed) {
        json::object part;
        if (!text_type.empty()) part["type"] = text_type;
        part["text"] = prompt;
        parts.push_back(std::move(part));
    }
    content = std::move(parts);
    return true;
}

/// True when the list had a user's message to change.
bool replace_in_list(json::value* list, std::string_view content_key, std::string_view text_type,
                     std::string_view prompt) {
    if (list == nullptr || !list->is_array()) return false;
    json::array& messages = list->as_array();
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (!message->is_object()) continue;
        json::object& object = message->as_object();
        const json::value* role = object.if_contains("role");
        if (role != nullptr && !(role->is_string() && role->as_string() == "user")) continue;
        json::value* content = object.if_contains(content_key);
        if (content != nullptr && replace_text(*content, text_type, prompt)) return true;
    }
    return false;
}

Result<void> set_prompt(Shape shape, json::object& body, std::string_view prompt) {
    bool done = false;
    switch (shape) {
        case Shape::Messages:
            done = replace_in_list(body.if_contains("messages"), "content", "text", prompt);
            if (!done && body.contains("prompt")) {
                body["prompt"] = prompt;
                done = true;
            }
            break;
        case Shape::Responses:
            if (json::value* input = body.if_contains("input"); input != nullptr && input->is_string()) {
                *input = prompt;
                done = true;
            } else {
                done = replace_in_list(input, "content", "input_text", prompt);
            }
            break;
        case Shape::Gemini:
            done = replace_in_list(body.if_contains("contents"), "parts", "", prompt);
            break;
    }
    if (done) return {};
    return fail(Code::InvalidArgument, "this request has no user message whose text could be replaced");
}

bool is_system(const json::value& message) {
    if (!message.is_object()) return false;
    const json::value* role = message.as_object().if_contains("role");
    return role != nullptr && role->is_string() &&
           (role->as_string() == "system" || role->as_string() == "developer");
}

/// Chat's: a message of the list, the first one where there is none.
Result<void> set_system_message(json::object& body, std::string_view text) {
    json::value* list = body.if_contains("messages");
    if (list == nullptr || !list->is_array())
        return fail(Code::InvalidArgument, "this request has no place for a system text");
    json::array& messages = list->as_array();
    json::value* found = std::ranges::find_if(messages, is_system);
    if (text.empty()) {
        if (found != messages.end()) messages.erase(found);
    } else if (found == messages.end()) {
        messages.insert(messages.begin(), json::object{{"role", "system"}, {"content", text}});
    } else {
        json::value& content = found->as_object()["content"];
        if (!replace_text(content, "text", text)) content = text;
    }
    return {};
}

/// A member of the body: a string, or parts, as it is already.
void set_system_member(json::object& body, std::string_view name, json::value fresh, std::string_view text) {
    json::value* there = body.if_contains(name);
    if (text.empty()) {
        body.erase(name);
    } else if (there == nullptr || !replace_text(*there, "text", text)) {
        body[name] = std::move(fresh);
    }
}

Result<void> set_system(Shape shape, std::string_view path, json::object& body, std::string_view text) {
    if (shape == Shape::Responses) {
        set_system_member(body, "instructions", json::string(text), text);
    } else if (shape == Shape::Gemini) {
        const std::string_view name =
            body.contains("system_instruction") ? "system_instruction" : "systemInstruction";
        set_system_member(body, name, json::object{{"parts", {json::object{{"text", text}}}}}, text);
    } else if (path.ends_with("/converse") || path.ends_with("/converse-stream")) {
        if (text.empty()) {
            body.erase("system");
        } else {
            json::array parts;
            parts.push_back(json::object{{"text", text}});
            body["system"] = std::move(parts);
        }
    } else if (body.contains("system") || body.contains("anthropic_version") || path.ends_with("/messages")) {
        set_system_member(body, "system", json::string(text), text);
    } else {
        return set_system_message(body, text);
    }
    return {};
}

std::string_view gemini_name(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{{
        {"max_tokens", "maxOutputTokens"},
        {"top_p", "topP"},
        {"top_k", "topK"},
        {"stop", "stopSequences"},
        {"n", "candidateCount"},
        {"presence_penalty", "presencePenalty"},
        {"frequency_penalty", "frequencyPenalty"},
        {"response_mime_type", "responseMimeType"},
    }};
    const auto* found =
        std::ranges::find(kNames, name, &std::pair<std::string_view, std::string_view>::first);
    return found == kNames.end() ? name : found->second;
}

Result<void> set_parameter(Shape shape, json::object& body, const std::string& name,
                           const std::string& text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    if (error) value = text;  // a bare word is a string: --set reasoning_effort=low
    json::object* target = &body;
    const bool configured = shape == Shape::Gemini && !body.contains(name);  // safetySettings stand outside
    if (configured) {
        json::value& config = body["generationConfig"];
        if (!config.is_object()) config = json::object();
        target = &config.as_object();
    }
    const std::string_view key = configured ? gemini_name(name) : std::string_view(name);
    if (value.is_null()) {
        target->erase(key);
    } else {
        (*target)[key] = std::move(value);
    }
    return {};
}

Result<std::string> gemini_path(std::string path, const std::optional<std::string>& model) {
    const std::size_t verb = path.rfind(':');
    path.replace(verb, std::string::npos, ":generateContent");
    if (!model) return path;
    const std::size_t start = path.rfind('/', verb);
    if (start == std::string::npos) return fail(Code::InvalidArgument, "this request's path names no model");
    const bool plain =
        model->find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-") ==
        std::string::npos;
    if (!plain || model->empty() || model->front() == '.') {
        return fail(Code::InvalidArgument, "\"" + *model + "\" is no name of a Gemini model");
    }
    path.replace(start + 1, verb - start - 1, *model);
    return path;
}

}  // namespace

Result<ChangedRequest> change_request(const Call& original, const ReplayRequest& change) {
    if (original.raw.request.empty()) {
        return fail(
            Code::FailedPrecondition,
            "the exact request of this call was not kept, so it cannot be sent again",
            "calls are kept with their exact request while gateway.keep_raw is \"request\" or \"all\", until "
            "retention removes it (retention.payload_days, retention.classes)");
    }
    if (original.privacy.masked.contains("credential")) {
        return fail(
            Code::FailedPrecondition,
            "this request carried a credential in its body, which was not kept, so it cannot be sent again");
    }
    switch (original.kind) {
        case Kind::Chat:
        case Kind::Completion:
        case Kind::Vision:
        case Kind::Intent:
            break;
        default:
            return fail(Code::InvalidArgument,
                        fmt::format("a call of kind {} cannot be replayed", to_string(original.kind)),
                        "chat, completion, vision and intent calls can");
    }
    boost::system::error_code error;
    json::value parsed = json::parse(change.body ? *change.body : original.raw.request, error);
    if (error || !parsed.is_object()) {
        return fail(change.body ? Code::InvalidArgument : Code::FailedPrecondition,
                    fmt::format("the {} request is no JSON object, so nothing can be changed in it",
                                change.body ? "given" : "recorded"));
    }
    json::object& body = parsed.as_object();
    const Shape shape = shape_of(original);

    ChangedRequest changed;
    changed.path = original.provider.endpoint.path;
    if (shape == Shape::Gemini) {
        STENO_ASSIGN(changed.path, gemini_path(std::move(changed.path), change.model));
    } else {
        if (change.model) body["model"] = *change.model;
        body.erase("stream");
        body.erase("stream_options");
    }
    if (change.system) STENO_TRY(set_system(shape, original.provider.endpoint.path, body, *change.system));
    if (change.prompt) STENO_TRY(set_prompt(shape, body, *change.prompt));
    for (const auto& [name, value] : change.set) {
        if (name == "stream" || name == "model" || name == "messages") {
            return fail(Code::InvalidArgument, fmt::format("{} cannot be set this way", name),
                        "use --model and --prompt; a replay never streams");
        }
        STENO_TRY(set_parameter(shape, body, name, value));
    }
    changed.body = json::serialize(parsed);
    return changed;
}

}  // namespace steno::evaluation
