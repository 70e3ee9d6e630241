#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/answer.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"
#include "providers/realtime.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <vector>

/// OpenAI's Realtime API, its own and Azure's: platform.openai.com/docs/api-reference/realtime-client-events
/// and -server-events. The names of its beta (response.text.delta, response.audio.delta, …) are read too,
/// since Azure and others still send them.
namespace steno::providers {

namespace {

struct AudioFormat {
    std::string mime;
    std::uint64_t bytes_per_second = 0;
};

/// {"type": "audio/pcm", "rate": 24000}; in the beta "pcm16", "g711_ulaw", "g711_alaw".
AudioFormat read_format(JsonValue format) {
    constexpr std::uint64_t kUsualRate = 24'000;
    const std::string name = format.is_string() ? format.string() : format["type"].string();
    if (name == "audio/pcm" || name == "pcm16") {
        const auto rate = static_cast<std::uint64_t>(format["rate"].count().value_or(kUsualRate));
        return {"audio/pcm", 2 * std::min<std::uint64_t>(rate, 1'000'000)};
    }
    if (name == "audio/pcmu" || name == "g711_ulaw") return {"audio/pcmu", 8000};
    if (name == "audio/pcma" || name == "g711_alaw") return {"audio/pcma", 8000};
    return {std::string(utf8_prefix(name, 100)), 0};
}

/// A response on its way.
struct Turn {
    Call* call = nullptr;
    std::string id;        ///< empty until the provider has confirmed it
    std::string event_id;  ///< of the event that asked for it
    Answer answer;
    std::map<std::int64_t, std::uint64_t> audio;  ///< bytes by the item's index
    bool first_token = false;
};

/// An item that the client has created and the provider not yet confirmed.
struct Unconfirmed {
    std::string event_id;
    std::string item_id;
};

class OpenAiRealtime final : public SessionReader {
  public:
    OpenAiRealtime(const RequestView& request, Call& session) : SessionReader(request) {
        for (const std::string_view pair : split(request.query, '&')) {
            if (pair.starts_with("model=") || pair.starts_with("deployment="))
                model_ = utf8_prefix(percent_decoded(pair.substr(pair.find('=') + 1)), 200);
        }
        requested_ = model_;
        session.kind = Kind::Span;
        session.name = model_.empty() ? "realtime" : "realtime " + model_;
        session.model.requested = model_;
    }

    void end(const SessionEnd& end, SessionCalls& calls) override {
        while (!turns_.empty())
            finish(*turns_.front(), calls, [&](Turn& turn, bool some) { finish_as(end, some, *turn.call); });
        for (auto& [item, call] : transcriptions_) {
            finish_as(end, false, *call);
            calls.ended(*call);
        }
        transcriptions_.clear();
    }

    void describe(Call& session) const override {
        if (session.trace.session_id.empty()) session.trace.session_id = session_id_;
        if (session.model.requested.empty()) session.model.requested = requested_;
        session.model.served = served_;
        session.provider.rate_limit = rate_limit_;
        const bool unexplained =
            session.status == Status::Failure && session.error.type == ErrorType::Connection;
        if (unexplained && last_error_) set_error(session, 200, *last_error_);
    }

    [[nodiscard]] Json settings() const override {
        Json all;
        JsonWriter writer(all.text);
        writer.begin_object();
        if (!instructions_.empty()) writer.member("instructions", instructions_);
        if (!tools_.text.empty()) writer.member_raw("tools", tools_.text);
        for (const auto& [name, value] : parameters_) writer.member_raw(name, value);
        writer.end_object();
        return all.text == "{}" ? Json{} : all;
    }

  private:
    void on_client(JsonValue event, SessionCalls& calls) override {
        const JsonValue type = event["type"];
        if (type.is("input_audio_buffer.append")) {
            buffered_ += base64_bytes(event["audio"].raw());
        } else if (type.is("input_audio_buffer.clear")) {
            buffered_ = 0;
        } else if (type.is("response.create")) {
            on_ask(event, calls);
        } else if (type.is("conversation.item.create")) {
            keep(read_item(event["item"], true));
            if (unconfirmed_.size() < kMaxOpen)
                unconfirmed_.push_back({event["event_id"].string(), event["item"]["id"].string()});
        } else if (type.is("session.update") || type.is("transcription_session.update")) {
            read_session(event["session"]);
        }
    }

    void on_server(JsonValue event, SessionCalls& calls) override {
        const std::string type = event["type"].string();
        if (type != "error") last_error_.reset();
        if (type.starts_with("response.")) return on_response(type, event, calls);
        if (type == "session.created" || type == "session.updated" ||
            type == "transcription_session.created" || type == "transcription_session.updated") {
            const JsonValue session = event["session"];
            if (session["id"].is_string()) session_id_ = utf8_prefix(session["id"].string(), 200);
            if (session["model"].is_string()) served_ = utf8_prefix(session["model"].string(), 200);
            read_session(session);
        } else if (type == "conversation.item.added" || type == "conversation.item.created") {
            on_item(event["item"]);
        } else if (type == "input_audio_buffer.committed") {
            committed_ = std::exchange(buffered_, 0);
        } else if (type.starts_with("conversation.item.input_audio_transcription.")) {
            on_transcription(type, event, calls);
        } else if (type == "rate_limits.updated") {
            read_rate_limits(event["rate_limits"]);
        } else if (type == "error") {
            on_error(event, calls);
        }
    }

    void on_response(std::string_view type, JsonValue event, SessionCalls& calls) {
        if (type == "response.created") return on_created(event["response"]["id"], calls);
        if (type == "response.done") return on_done(event["response"], calls);
        Turn* const turn = turn_of(event["response_id"]);
        if (turn == nullptr) return;
        const std::int64_t index = event["output_index"].integer().value_or(0);
        if (type == "response.output_text.delta" || type == "response.text.delta") {
            turn->answer.append(PartType::Text, event["delta"]);
        } else if (type == "response.output_audio_transcript.delta" ||
                   type == "response.audio_transcript.delta") {
            turn->answer.append(PartType::Audio, event["delta"]);
        } else if (type == "response.output_audio.delta" || type == "response.audio.delta") {
            constexpr std::size_t kMaxItems = 1024;
            if (turn->audio.size() < kMaxItems || turn->audio.contains(index))
                turn->audio[index] += base64_bytes(event["delta"].raw());
        } else if (type == "response.output_item.added" && event["item"]["type"].is("function_call")) {
            turn->answer.append_tool_call(index, event["item"]["call_id"].string(),
                                          event["item"]["name"].string(), {});
        } else if (type == "response.function_call_arguments.delta") {
            turn->answer.append_tool_call(index, event["call_id"].string(), {}, event["delta"].string());
        }
        if (!turn->first_token && (turn->answer.has_output() || !turn->audio.empty())) {
            turn->first_token = true;
            calls.first_token(*turn->call);
        }
    }

    void on_ask(JsonValue event, SessionCalls& calls) {
        if (turns_.size() < kMaxOpen) {
            begin_turn(event["response"], event["event_id"].string(), calls);
        } else {
            leave_out();
            ++asks_left_out_;
        }
    }

    void on_created(JsonValue id, SessionCalls& calls) {
        if (turn_of(id) != nullptr) return;
        note_begun(id.string());
        Turn* turn = unconfirmed_turn();
        if (turn == nullptr) {  // the provider heard the end of a speech, or what asked for it was left out
            const bool counted = asks_left_out_ > 0;
            if (counted) --asks_left_out_;
            if (turns_.size() >= kMaxOpen) {
                if (!counted) leave_out();
                return;
            }
            if (counted) take_back();
            turn = &begin_turn({}, {}, calls);
        }
        turn->id = id.string();
    }

    void on_done(JsonValue response, SessionCalls& calls) {
        if (has_ended(response["id"].string())) return;
        Turn* turn = turn_of(response["id"]);
        if (turn == nullptr && left_out() == 0) turn = unconfirmed_turn();
        if (turn == nullptr) {  // it ends at once, so there is room for it
            take_back();
            turn = &begin_turn({}, {}, calls);
        }
        read_outcome(response, *turn);
        finish(*turn, calls, [&](Turn& done, bool) { read_status(response, *done.call); });
    }

    Turn& begin_turn(JsonValue response, std::string event_id, SessionCalls& calls) {
        Call call;
        call.kind = Kind::Chat;
        call.name = call.model.requested = model_;
        call.request.stream = true;
        // Of the conversation, what came since the response before; the rest is on the record with that one.
        if (response["input"].is_array()) {
            for (const JsonValue item : response["input"].elements())
                call.request.messages.push_back(read_item(item, true));
        } else {
            call.request.messages = std::exchange(pending_, {});
            pending_bytes_ = 0;
            if (std::exchange(left_out_, false)) call.privacy.truncated["request.messages"] = {};
        }
        const JsonValue instructions = response["instructions"];
        call.request.system = instructions.is_string() ? instructions.string() : instructions_;
        call.request.tools = response["tools"].has_value() ? verbatim(response["tools"]) : tools_;
        std::map<std::string, std::string> parameters = parameters_;
        for (const auto [key, value] : response.members()) {
            if (!key.is("input") && !key.is("instructions") && !key.is("tools"))
                parameters[key.string()] = value.raw();
        }
        if (!parameters.empty()) {
            JsonWriter writer(call.request.parameters.text);
            writer.begin_object();
            for (const auto& [name, value] : parameters) writer.member_raw(name, value);
            writer.end_object();
        }
        fill_input_modality(call);
        const auto& heard = call.modality.input;
        if (std::ranges::find(heard, "image") != heard.end()) call.kind = Kind::Vision;

        Turn& turn = *turns_.emplace_back(std::make_unique<Turn>());
        turn.event_id = std::move(event_id);
        turn.call = &calls.began(std::move(call));
        return turn;
    }

    Turn* turn_of(JsonValue id) {
        for (const auto& turn : turns_) {
            if (!turn->id.empty() && id.is(turn->id)) return turn.get();
        }
        return nullptr;
    }
    /// The oldest that the provider has not confirmed yet: it confirms in order.
    Turn* unconfirmed_turn() {
        for (const auto& turn : turns_) {
            if (turn->id.empty()) return turn.get();
        }
        return nullptr;
    }

    /// Moves what has come of a turn into its call, lets `settle` say how it ended, and gives it back.
    template <class Settle>
    void finish(Turn& turn, SessionCalls& calls, const Settle& settle) {
        Call& call = *turn.call;
        call.status = Status::Success;
        call.response.id = turn.id;
        call.model.served = served_;
        call.provider.rate_limit = rate_limit_;
        const bool some = turn.answer.has_output() || !turn.audio.empty();
        std::uint64_t audio = 0;
        for (const auto& [index, bytes] : turn.audio) audio += bytes;
        turn.answer.move_to(call);
        if (audio != 0) place_audio(audio, call);
        settle(turn, some);
        note_ended(turn.id);
        calls.ended(call);
        std::erase_if(turns_, [&](const auto& one) { return one.get() == &turn; });
    }

    /// The size of what was heard goes to the part that holds its words.
    void place_audio(std::uint64_t bytes, Call& call) {
        if (call.response.messages.empty()) call.response.messages.emplace_back().role = "assistant";
        std::vector<Part>& parts = call.response.messages.front().parts;
        auto part = std::ranges::find(parts, PartType::Audio, &Part::type);
        if (part == parts.end()) part = parts.emplace(parts.begin());
        describe_audio(output_.mime, bytes, output_.bytes_per_second, *part);
        add_modality(call.modality.output, "audio");
    }

    void read_outcome(JsonValue response, Turn& turn) {
        if (turn.id.empty()) turn.id = response["id"].string();
        turn.answer.set_role("assistant");
        if (response["output"].size() != 0) {
            turn.answer.restart();
            for (const JsonValue item : response["output"].elements()) read_output(item, turn.answer);
        }
        const JsonValue reason = response["status_details"]["reason"];
        turn.answer.set_finish_reason(reason.is_string() ? reason.string() : response["status"].string());
    }

    static void read_output(JsonValue item, Answer& answer) {
        if (item["type"].is("function_call"))
            return answer.add_tool_call(item["call_id"].string(), item["name"].string(), item["arguments"]);
        if (!item["type"].is("message")) return answer.add_verbatim(item);
        for (const JsonValue part : item["content"].elements()) {
            const JsonValue type = part["type"];
            if (type.is("output_text") || type.is("text")) {
                answer.append(PartType::Text, part["text"]);
            } else if (type.is("output_audio") || type.is("audio")) {
                answer.append(PartType::Audio, part["transcript"]);
            } else {
                answer.add_verbatim(part);
            }
        }
    }

    void read_status(JsonValue response, Call& call) const {
        if (response["usage"].is_object()) read_openai_usage(response["usage"], {}, call.usage);
        const JsonValue status = response["status"];
        const JsonValue details = response["status_details"];
        if (status.is("failed")) {
            auto error = find_error(details, true).value_or(ProviderError{});
            if (error.message.empty()) error.message = "the provider gave up on this response";
            set_error(call, 200, without_secrets(std::move(error)));
        } else if (status.is("cancelled")) {
            set_error(call, ErrorType::Cancelled,
                      details["reason"].is("turn_detected") ? "the user began to speak"
                                                            : "the client cancelled it");
            call.status = Status::Cancelled;
        } else if (status.is("incomplete")) {
            call.status = Status::Partial;
        }
    }

    void on_item(JsonValue item) {
        const JsonValue role = item["role"];
        const bool input = role.is("user") || role.is("system") || item["type"].is("function_call_output");
        if (!input) return;
        const auto confirmed = std::ranges::find_if(unconfirmed_, [&](const Unconfirmed& one) {
            return one.item_id.empty() || item["id"].is(one.item_id);
        });
        // One that the client made was read when it passed; what the provider makes itself is what it heard.
        bool heard = false;
        for (const JsonValue part : item["content"].elements())
            heard = heard || part["type"].is("input_audio");
        const bool from_buffer = heard && committed_ != 0;
        if (confirmed != unconfirmed_.end() && !from_buffer) {
            unconfirmed_.erase(confirmed);
            return;
        }
        keep(read_item(item, false));
    }

    Message read_item(JsonValue item, bool from_client) {
        Message message;
        message.role = item["role"].string();
        const JsonValue type = item["type"];
        if (type.is("function_call_output")) {
            message.role = "tool";
            Part& part = message.parts.emplace_back();
            part.type = PartType::ToolResult;
            part.id = item["call_id"].string();
            part.text = item["output"].string();
        } else if (type.is("function_call")) {
            message.role = "assistant";
            Part& part = message.parts.emplace_back();
            part.type = PartType::ToolCall;
            part.id = item["call_id"].string();
            part.name = item["name"].string();
            part.value = tool_arguments(item["arguments"]);
        } else if (type.is("message") || item["content"].is_array()) {
            for (const JsonValue part : item["content"].elements())
                message.parts.push_back(read_part(part, from_client));
        } else {
            Part& part = message.parts.emplace_back();
            part.type = PartType::Other;
            part.value = verbatim(item);
        }
        return message;
    }

    Part read_part(JsonValue source, bool from_client) {
        const JsonValue type = source["type"];
        if (!type.is("input_audio") && !type.is("output_audio") && !type.is("audio"))
            return read_openai_part(source);
        Part part;
        part.text = source["transcript"].string();
        const std::uint64_t bytes =
            from_client ? base64_bytes(source["audio"].raw()) : std::exchange(committed_, 0);
        describe_audio(input_.mime, bytes, input_.bytes_per_second, part);
        return part;
    }

    void keep(Message message) {
        std::size_t size = sizeof(Message);
        for (const Part& part : message.parts)
            size += sizeof(Part) + part.text.size() + part.value.text.size() + part.url.size();
        if (pending_bytes_ + size > kMaxPending) {
            left_out_ = true;
            return;
        }
        pending_bytes_ += size;
        pending_.push_back(std::move(message));
    }

    void on_transcription(std::string_view type, JsonValue event, SessionCalls& calls) {
        const std::string item = event["item_id"].string();
        const std::string part = item + '/' + event["content_index"].scalar_text();
        if (has_ended(part)) return;
        auto known = transcriptions_.find(item);
        if (known == transcriptions_.end()) {
            if (transcriptions_.size() >= kMaxOpen && type.ends_with(".delta")) return;
            Call call;
            call.kind = Kind::Transcription;
            call.name = call.model.requested = transcriber_;
            call.modality.input = {"audio"};
            known = transcriptions_.emplace(item, &calls.began(std::move(call))).first;
        }
        Call& call = *known->second;
        if (type.ends_with(".delta")) {
            if (call.response.chunks.value_or(0) == 0) calls.first_token(call);
            call.response.chunks = call.response.chunks.value_or(0) + 1;
            return;
        }
        const bool completed = type.ends_with(".completed");
        if (!completed && !type.ends_with(".failed")) return;
        call.status = Status::Success;
        call.response.id = item;
        if (completed) {
            Answer answer;
            answer.set_role("assistant");
            answer.append(PartType::Text, event["transcript"]);
            answer.move_to(call);
            const JsonValue usage = event["usage"];
            if (usage.is_object()) read_openai_usage(usage, {}, call.usage);
            if (const auto seconds = usage["seconds"].number();
                seconds && std::isfinite(*seconds) && *seconds >= 0)
                call.usage.seconds = *seconds;
        } else {
            auto error = find_error(event, true).value_or(ProviderError{});
            if (error.message.empty()) error.message = "the provider could not transcribe the audio";
            set_error(call, 200, without_secrets(std::move(error)));
        }
        note_ended(part);
        calls.ended(call);
        transcriptions_.erase(known);
    }

    void on_error(JsonValue event, SessionCalls& calls) {
        count_error();
        auto found = find_error(event, true);
        if (!found) return;
        const ProviderError error = without_secrets(std::move(*found));
        const JsonValue cause = event["error"]["event_id"];
        std::erase_if(unconfirmed_, [&](const Unconfirmed& one) {
            return !one.event_id.empty() && cause.is(one.event_id);
        });
        // Refused before it began: by the event's name if the client gave it one, else the oldest is meant.
        Turn* refused = nullptr;
        for (const auto& turn : turns_) {
            const bool meant = cause.is_string() ? cause.is(turn->event_id) && !turn->event_id.empty() : true;
            if (turn->id.empty() && meant) {
                refused = turn.get();
                break;
            }
        }
        if (refused == nullptr) {
            last_error_ = error;
            return;
        }
        finish(*refused, calls, [&](Turn& turn, bool) { set_error(*turn.call, 200, error); });
    }

    void read_rate_limits(JsonValue limits) {
        for (const JsonValue entry : limits.elements()) {
            Limit* const limit = entry["name"].is("requests") ? &rate_limit_.requests
                                 : entry["name"].is("tokens") ? &rate_limit_.tokens
                                                              : nullptr;
            if (limit == nullptr) continue;
            limit->limit = entry["limit"].count();
            limit->remaining = entry["remaining"].count();
            constexpr double kLongest = 1e9;
            if (const auto seconds = entry["reset_seconds"].number();
                seconds && *seconds >= 0 && *seconds < kLongest)
                limit->reset_ms = static_cast<std::int64_t>(std::ceil(*seconds * 1000));
        }
    }

    /// Settings, whole or only those that change.
    void read_session(JsonValue session) {
        if (session["model"].is_string()) model_ = utf8_prefix(session["model"].string(), 200);
        if (requested_.empty()) requested_ = model_;
        if (session["instructions"].is_string()) instructions_ = session["instructions"].string();
        if (session["tools"].is_array()) tools_ = verbatim(session["tools"]);
        const JsonValue audio = session["audio"];
        for (const JsonValue format : {audio["input"]["format"], session["input_audio_format"]}) {
            if (format.has_value()) input_ = read_format(format);
        }
        for (const JsonValue format : {audio["output"]["format"], session["output_audio_format"]}) {
            if (format.has_value()) output_ = read_format(format);
        }
        for (const JsonValue model :
             {audio["input"]["transcription"]["model"], session["input_audio_transcription"]["model"]}) {
            if (model.is_string()) transcriber_ = utf8_prefix(model.string(), 200);
        }
        constexpr std::size_t kMaxSettings = 64;
        constexpr std::size_t kMaxSetting = 64 << 10;
        for (const auto [key, value] : session.members()) {
            const bool elsewhere = key.is("instructions") || key.is("tools") || key.is("model") ||
                                   key.is("id") || key.is("object") || key.is("expires_at") ||
                                   key.is("client_secret");
            const bool room = parameters_.size() < kMaxSettings && value.raw().size() < kMaxSetting;
            if (!elsewhere && room && value.has_value()) parameters_[key.string()] = value.raw();
        }
    }

    std::string requested_;  ///< the model that the client asked for
    std::string model_;
    std::string served_;
    std::string session_id_;
    std::string instructions_;
    std::string transcriber_;
    Json tools_;
    std::map<std::string, std::string> parameters_;
    AudioFormat input_;
    AudioFormat output_;
    RateLimit rate_limit_;
    std::optional<ProviderError> last_error_;  ///< the provider's last word, if that was an error

    std::uint64_t buffered_ = 0;   ///< bytes of audio since the last commit
    std::uint64_t committed_ = 0;  ///< of the commit whose item has not come yet
    std::vector<Message> pending_;
    std::size_t pending_bytes_ = 0;
    bool left_out_ = false;
    std::deque<Unconfirmed> unconfirmed_;
    std::vector<std::unique_ptr<Turn>> turns_;
    std::int64_t asks_left_out_ = 0;               ///< that the provider has not confirmed yet
    std::map<std::string, Call*> transcriptions_;  ///< by item
};

}  // namespace

std::unique_ptr<SessionReader> make_openai_realtime(const RequestView& request, Call& session) {
    return std::make_unique<OpenAiRealtime>(request, session);
}

}  // namespace steno::providers
