#include "providers/realtime.hpp"

#include "base/json_writer.hpp"
#include "providers/credentials.hpp"
#include "providers/http_facts.hpp"

#include <algorithm>

namespace steno::providers {

JsonValue SessionReader::parse(std::string_view message) {
    if (!document_.parse(message) || !document_.root().is_object()) return {};
    const JsonValue type = document_.root()["type"];
    // Tools carry credentials, and settings carry tools. The many small pieces of media need no look.
    constexpr std::size_t kPrefix = 8;
    const std::string_view name = type.raw().substr(0, kPrefix);
    const bool may_hold_tools = !type.is_string() || name.starts_with("\"session") ||
                                type.is("response.create") || type.is("response.created") ||
                                type.is("response.done") || type.is("response.completed");
    if (!may_hold_tools) return document_.root();
    std::int64_t hidden = 0;
    auto cleaned = hide_credentials(message, hidden);
    if (!cleaned) return document_.root();
    hidden_ += hidden;
    without_credentials_ = std::move(*cleaned);
    return document_.parse(without_credentials_) ? document_.root() : JsonValue();
}

void SessionReader::from_client(std::string_view message, SessionCalls& calls) {
    if (const JsonValue root = parse(message); root.is_object()) on_client(root, calls);
}

void SessionReader::from_server(std::string_view message, SessionCalls& calls) {
    const JsonValue root = parse(message);
    if (!root.is_object()) {
        malformed_ = true;
        return;
    }
    on_server(root, calls);
}

ProviderError SessionReader::without_secrets(ProviderError error) const {
    for (std::string* const text : {&error.message, &error.type, &error.code})
        *text = secrets_.without_secrets(std::move(*text));
    return error;
}

void SessionReader::note_ended(std::string_view id) {
    constexpr std::size_t kLongest = 200;
    if (id.empty() || id.size() > kLongest) return;
    if (ended_.size() >= kMaxOpen) ended_.pop_front();
    ended_.emplace_back(id);
}

bool SessionReader::has_ended(std::string_view id) const {
    return std::ranges::find(ended_, id) != ended_.end();
}

void SessionReader::finish_as(const SessionEnd& end, bool some, Call& call) {
    if (end.status == Status::Interrupted) {
        call.error = {};
        call.error.message = end.message;
    } else {
        set_error(call, end.type, end.message);
    }
    call.status = end.status == Status::Failure && some ? Status::Partial : end.status;
}

void describe_audio(std::string_view mime, std::uint64_t bytes, std::uint64_t bytes_per_second, Part& part) {
    part.type = PartType::Audio;
    part.mime = mime;
    part.value.text.clear();
    JsonWriter writer(part.value.text);
    writer.begin_object();
    writer.member("bytes", bytes);
    if (bytes_per_second != 0) {
        const std::uint64_t milliseconds = bytes * 1000 / bytes_per_second;
        writer.member("seconds", static_cast<double>(milliseconds) / 1000);
    }
    writer.end_object();
}

std::uint64_t base64_bytes(std::string_view raw_json_string) {
    if (raw_json_string.size() < 2) return 0;
    std::string_view text = raw_json_string.substr(1, raw_json_string.size() - 2);
    while (text.ends_with('=')) text.remove_suffix(1);
    return std::uint64_t{text.size()} * 3 / 4;
}

std::unique_ptr<SessionReader> make_session_reader(const RequestView& request, Call& session) {
    const std::vector<std::string> segments = path_segments(request.path);
    if (segments.empty()) return nullptr;
    const std::string& last = segments.back();
    if (last == "realtime") return make_openai_realtime(request, session);
    if (last == "responses") return make_responses_session(request, session);
    // google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent, or
    // LlmBidiService/BidiGenerateContent
    if (last.contains("BidiGenerateContent")) return make_gemini_live(request, session);
    return nullptr;
}

}  // namespace steno::providers
