#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/answer.hpp"
#include "providers/gemini.hpp"
#include "providers/realtime.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <string>

/// Gemini's Live API (ai.google.dev/api/live), the same for Vertex AI: BidiGenerateContent. A turn says in
/// other envelopes what a request of streamGenerateContent and its answer say, so it is put into theirs and
/// read by the same reader; only media that streams by is counted here, and left out.
namespace steno::providers {

namespace {

/// Google takes both spellings.
JsonValue either(JsonValue object, std::string_view camel, std::string_view snake) {
    const JsonValue value = object[camel];
    return value.has_value() ? value : object[snake];
}

/// Media that has passed: how much of it, and what was said in it.
struct Heard {
    std::string mime;
    std::uint64_t bytes = 0;
    std::string words;
};

void hear(JsonValue blob, Heard& heard) {
    if (!blob.is_object()) return;
    if (heard.mime.empty()) heard.mime = utf8_prefix(either(blob, "mimeType", "mime_type").string(), 100);
    heard.bytes += base64_bytes(blob["data"].raw());
}

/// 16-bit samples, by the rate in "audio/pcm;rate=16000".
std::uint64_t bytes_per_second(std::string_view mime) {
    const std::size_t at = mime.find("rate=");
    if (!mime.starts_with("audio/pcm") || at == std::string_view::npos) return 0;
    std::uint64_t rate = 0;
    std::from_chars(mime.data() + at + 5, mime.data() + mime.size(), rate);
    return 2 * std::min<std::uint64_t>(rate, 1'000'000);
}

Part part_of(const Heard& heard) {
    Part part;
    describe_audio(heard.mime, heard.bytes, bytes_per_second(heard.mime), part);
    if (heard.mime.starts_with("image/") || heard.mime.starts_with("video/")) part.type = PartType::Video;
    part.text = heard.words;
    return part;
}

struct Turn {
    Call* call = nullptr;
    std::unique_ptr<ResponseReader> reader;
    Heard spoken;
    Json usage;
    std::optional<std::int64_t> audio_tokens;
    std::string reason;  ///< for the end of the turn
    bool interrupted = false;
    bool called_tools = false;
    bool first_token = false;
};

class GeminiLive final : public SessionReader {
  public:
    GeminiLive(const RequestView& request, Call& session) : SessionReader(request), request_(request) {
        session.kind = Kind::Span;
        session.name = "live session";
        record_name_ = session.provider.name;
    }

    void end(const SessionEnd& end, SessionCalls& calls) override {
        while (!turns_.empty()) {
            if (turns_.front().called_tools) {
                finish(calls);
                continue;
            }
            const bool some = turns_.front().first_token;
            read_rest(turns_.front());
            finish_as(end, some, *turns_.front().call);
            pop(calls);
        }
    }

    void describe(Call& session) const override {
        if (session.trace.session_id.empty()) session.trace.session_id = session_id_;
        session.model.requested = session.model.served = model_;
        if (!model_.empty()) session.name = "live " + model_;
    }
    [[nodiscard]] Json settings() const override { return settings_; }

  private:
    void on_client(JsonValue message, SessionCalls& calls) override {
        if (const JsonValue setup = message["setup"]; setup.is_object()) return read_setup(setup);
        if (const JsonValue content = either(message, "clientContent", "client_content");
            content.is_object()) {
            for (const JsonValue turn : content["turns"].elements()) keep(turn.raw());
            if (either(content, "turnComplete", "turn_complete").boolean().value_or(false)) begin_turn(calls);
        } else if (const JsonValue input = either(message, "realtimeInput", "realtime_input");
                   input.is_object()) {
            hear(input["audio"], audio_);
            hear(input["video"], video_);
            for (const JsonValue chunk : either(input, "mediaChunks", "media_chunks").elements()) {
                const std::string mime = either(chunk, "mimeType", "mime_type").string();
                hear(chunk, mime.starts_with("audio/") ? audio_ : video_);
            }
            if (input["text"].is_string()) keep_text(input["text"]);
        } else if (const JsonValue response = either(message, "toolResponse", "tool_response");
                   response.is_object()) {
            // The model goes on with what its tools found: another generation, with usage of its own.
            if (!turns_.empty() && turns_.front().called_tools) finish(calls);
            keep_tool_results(either(response, "functionResponses", "function_responses"));
            begin_turn(calls);
        }
    }

    void on_server(JsonValue message, SessionCalls& calls) override {
        if (const JsonValue ready = message["setupComplete"];
            ready.is_object() && ready["sessionId"].is_string())
            session_id_ = utf8_prefix(ready["sessionId"].string(), 200);
        const JsonValue content = message["serverContent"];
        const JsonValue tools = message["toolCall"];
        if (content["inputTranscription"]["text"].is_string())
            content["inputTranscription"]["text"].append_string_to(audio_.words);
        const bool speaks = content["modelTurn"].is_object() || content["outputTranscription"].is_object() ||
                            tools.is_object();
        if (turns_.empty() && speaks) {  // to what was said, not sent
            take_back();
            begin_turn(calls);
        }
        if (turns_.empty()) return;
        Turn& turn = turns_.front();
        if (content["modelTurn"].is_object()) feed_content(content["modelTurn"], turn);
        content["outputTranscription"]["text"].append_string_to(turn.spoken.words);
        if (tools.is_object()) feed_tools(tools, turn);
        if (const JsonValue usage = message["usageMetadata"]; usage.is_object()) feed_usage(usage, turn);
        if (content["interrupted"].boolean().value_or(false)) turn.interrupted = true;
        if (!turn.first_token && (turn.reader->first_token_seen() || turn.spoken.bytes != 0)) {
            turn.first_token = true;
            calls.first_token(*turn.call);
        }
        if (!content["turnComplete"].boolean().value_or(false)) return;
        if (content["turnCompleteReason"].is_string()) turn.reason = content["turnCompleteReason"].string();
        finish(calls);
    }

    void read_setup(JsonValue setup) {
        const std::string model = setup["model"].string();
        model_ = utf8_prefix(std::string_view(model).substr(model.rfind('/') + 1), 200);
        JsonWriter writer(settings_.text);
        settings_.text.clear();
        writer.begin_object();
        for (const auto [key, value] : setup.members()) {
            if (!key.is("model")) writer.member_raw(key.string(), value.raw());
        }
        writer.end_object();
    }

    void keep(std::string_view content) {
        if (pending_.size() + content.size() > kMaxPending) {
            left_out_ = true;
            return;
        }
        if (!pending_.empty()) pending_.push_back(',');
        pending_.append(content);
    }

    void keep_text(JsonValue text) {
        std::string content = R"({"role":"user","parts":[{"text":)";
        keep(content.append(text.raw()).append("}]}"));
    }

    void keep_tool_results(JsonValue results) {
        std::string content = R"({"role":"user","parts":[)";
        for (const JsonValue result : results.elements()) {
            if (content.back() == '}') content.push_back(',');
            content.append(R"({"functionResponse":)").append(result.raw()).append("}");
        }
        keep(content.append("]}"));
    }

    [[nodiscard]] RequestView generate_request(std::string_view body) const {
        RequestView view = request_;
        view.method = "POST";
        view.path = path_;
        view.body = body;
        return view;
    }

    void begin_turn(SessionCalls& calls) {
        if (turns_.size() >= kMaxOpen) return leave_out();
        path_ = "/v1beta/models/" + (model_.empty() ? "unknown" : model_) + ":streamGenerateContent";
        std::string body = R"({"contents":[)" + std::exchange(pending_, {}) + "]";
        if (settings_.text.size() > 2)
            body.append(",").append(settings_.text.substr(1));
        else
            body.push_back('}');
        Call call;
        gemini_provider().read_request(generate_request(body), call);
        call.name = call.model.requested = model_;
        call.client_retry.reset();
        for (Heard* const heard : {&audio_, &video_}) {
            if (heard->bytes == 0 && heard->words.empty()) continue;
            Message& message = call.request.messages.emplace_back();
            message.role = "user";
            message.parts.push_back(part_of(*heard));
            add_modality(call.modality.input, heard == &audio_ ? "audio" : "video");
            *heard = {};
        }
        if (std::exchange(left_out_, false)) call.privacy.truncated["request.messages"] = {};

        Turn turn;
        turn.call = &calls.began(std::move(call));
        const auto header = [](std::string_view name) -> std::optional<std::string_view> {
            if (name == "content-type") return "text/event-stream";
            return std::nullopt;
        };
        Call head;  // what the head of this answer tells is nothing of the provider's
        turn.reader =
            gemini_provider().read_response(generate_request({}), {.status = 200, .header = header}, head);
        turns_.push_back(std::move(turn));
    }

    /// One event of a stream of generateContent.
    static void feed(std::string_view json, Turn& turn) {
        std::string frame = "data: ";
        frame.append(json);
        std::ranges::replace_if(frame, [](char c) { return c == '\n' || c == '\r'; }, ' ');
        turn.reader->feed(frame + "\n\n");
    }

    static void feed_parts(std::string_view parts, Turn& turn) {
        std::string json = R"({"candidates":[{"index":0,"content":{"role":"model","parts":[)";
        feed(json.append(parts).append("]}}]}"), turn);
    }

    static void feed_content(JsonValue content, Turn& turn) {
        std::string parts;
        for (const JsonValue part : content["parts"].elements()) {
            const JsonValue data = either(part, "inlineData", "inline_data");
            if (either(data, "mimeType", "mime_type").string().starts_with("audio/")) {
                hear(data, turn.spoken);
                continue;
            }
            if (!parts.empty()) parts.push_back(',');
            parts.append(part.raw());
        }
        if (!parts.empty()) feed_parts(parts, turn);
    }

    static void feed_tools(JsonValue tools, Turn& turn) {
        std::string parts;
        for (const JsonValue one : either(tools, "functionCalls", "function_calls").elements()) {
            if (!parts.empty()) parts.push_back(',');
            parts.append(R"({"functionCall":)").append(one.raw()).append("}");
        }
        turn.called_tools = true;
        if (!parts.empty()) feed_parts(parts, turn);
    }

    static void feed_usage(JsonValue usage, Turn& turn) {
        std::string json = R"({"usageMetadata":)";
        feed(json.append(usage.raw()).append("}"), turn);
        turn.audio_tokens.reset();
        for (const JsonValue entry : usage["responseTokensDetails"].elements()) {
            if (entry["modality"].is("AUDIO")) turn.audio_tokens = entry["tokenCount"].count();
        }
    }

    /// Moves what has come of a turn into its call.
    static void read_rest(Turn& turn) {
        Call& call = *turn.call;
        turn.reader->end(true, call);
        call.response.chunks.reset();  // they were ours
        if (!call.usage.audio_output_tokens) call.usage.audio_output_tokens = turn.audio_tokens;
        if (turn.spoken.bytes == 0 && turn.spoken.words.empty()) return;
        if (call.response.messages.empty()) call.response.messages.emplace_back().role = "model";
        call.response.messages.front().parts.push_back(part_of(turn.spoken));
        call.response.messages.front().parts.back().type = PartType::Audio;
        add_modality(call.modality.output, "audio");
    }

    /// The front turn is complete.
    void finish(SessionCalls& calls) {
        Turn& turn = turns_.front();
        if (turn.reason.empty())
            turn.reason = turn.interrupted    ? "interrupted"
                          : turn.called_tools ? "tool_call"
                                              : "turn_complete";
        std::string json = R"({"candidates":[{"index":0,"finishReason":)";
        append_json_string(json, turn.reason);
        feed(json.append("}]}"), turn);
        read_rest(turn);
        if (turn.interrupted) {
            set_error(*turn.call, ErrorType::Cancelled, "the user began to speak");
            turn.call->status = Status::Cancelled;
        }
        pop(calls);
    }

    void pop(SessionCalls& calls) {
        Call& call = *turns_.front().call;
        call.model.served = model_;
        call.provider.name = record_name_;
        turns_.pop_front();
        calls.ended(call);
    }

    const RequestView request_;
    std::string record_name_;
    std::string model_;
    std::string path_;
    std::string session_id_;
    Json settings_;        ///< setup without the model
    std::string pending_;  ///< contents of the next turn, as elements of an array
    Heard audio_;
    Heard video_;
    bool left_out_ = false;
    std::deque<Turn> turns_;
};

}  // namespace

std::unique_ptr<SessionReader> make_gemini_live(const RequestView& request, Call& session) {
    return std::make_unique<GeminiLive>(request, session);
}

}  // namespace steno::providers
