#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/language.hpp"
#include "simulator/model.hpp"
#include "simulator/openai.hpp"
#include "simulator/reply.hpp"
#include "simulator/session.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

/// OpenAI's Realtime API, by its reference of client and server events
/// (platform.openai.com/docs/api-reference/ realtime), with text, tool calls and audio that is nothing but a
/// low hum.
namespace steno::simulator {

namespace json = boost::json;

namespace {

constexpr std::int64_t kBytesPerSecond = 48'000;     // 24 kHz, 16 bits
constexpr std::int64_t kHeardTokensPerSecond = 10;   // of audio that goes in
constexpr std::int64_t kSpokenTokensPerSecond = 20;  // of audio that comes out
constexpr std::int64_t kBytesPerPiece = 4'800;       // a tenth of a second for each piece of text

json::value pcm() {
    return {{"type", "audio/pcm"}, {"rate", 24'000}};
}

std::string hum(std::int64_t bytes) {
    std::string samples(static_cast<std::size_t>(bytes), '\0');
    for (std::size_t i = 0; i + 1 < samples.size(); i += 2) samples[i] = static_cast<char>(i / 2 % 64);
    return to_base64(samples);
}

class RealtimeSession {
  public:
    explicit RealtimeSession(Session& session) : session_(session), dice_(session.dice) {
        std::string model = "gpt-realtime";
        for (const auto& [name, value] : net::parse_query(session.query)) {
            if (name == "model" || name == "deployment") model = value;
        }
        settings_ = {
            {"type", "realtime"},
            {"object", "realtime.session"},
            {"id", "sess_" + dice_.id(21)},
            {"model", model},
            {"output_modalities", json::array{"audio"}},
            {"instructions", "Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI."},
            {"tools", json::array{}},
            {"tool_choice", "auto"},
            {"max_output_tokens", "inf"},
            {"tracing", nullptr},
            {"prompt", nullptr},
            {"expires_at", 1'766'000'000},
            {"truncation", "auto"},
            {"audio",
             {{"input", {{"format", pcm()}, {"transcription", nullptr}, {"turn_detection", nullptr}}},
              {"output", {{"format", pcm()}, {"voice", "marin"}, {"speed", 1.0}}}}}};
    }

    net::Task<void> run() {
        co_await send({{"type", "session.created"}, {"session", settings_}});
        while (const auto message = co_await session_.next()) {
            waiting_.push_back(*message);
            while (!waiting_.empty() && !session_.over()) {
                const std::string first = std::move(waiting_.front());
                waiting_.pop_front();
                co_await handle(first);
            }
        }
    }

  private:
    net::Task<void> send(json::object event) {
        json::object whole{{"type", event["type"]}, {"event_id", "event_" + dice_.id(21)}};
        for (const auto& member : event) whole[member.key()] = member.value();
        const std::string text = json::serialize(whole);
        co_await session_.socket.send(text, false, static_cast<std::size_t>(knobs_.split.value_or(0)));
    }

    net::Task<void> fail(std::string_view code, std::string message, const json::value& cause) {
        const std::string event_id = string_at(cause, "event_id");
        json::object error{
            {"type", "invalid_request_error"}, {"code", code}, {"message", message}, {"param", nullptr}};
        error["event_id"] = event_id.empty() ? json::value(nullptr) : json::value(event_id);
        co_await send({{"type", "error"}, {"error", error}});
    }

    net::Task<void> handle(std::string_view message) {
        const auto event = parse_body(message);
        if (!event) {
            co_await fail("invalid_json", "Could not parse the event as JSON.", {});
            co_return;
        }
        const std::string type = string_at(*event, "type");
        if (type == "session.update") {
            if (const json::value* change = find(*event, "session")) merge(settings_, *change);
            co_await send({{"type", "session.updated"}, {"session", settings_}});
        } else if (type == "conversation.item.create") {
            co_await create_item(*event);
        } else if (type == "input_audio_buffer.append") {
            co_await append_audio(string_at(*event, "audio"));
        } else if (type == "input_audio_buffer.commit") {
            if (buffered_ == 0) {
                co_await fail("input_audio_buffer_commit_empty",
                              "Error committing input audio buffer: the buffer is too small.", *event);
            } else {
                co_await commit_audio();
            }
        } else if (type == "input_audio_buffer.clear") {
            buffered_ = 0;
            co_await send({{"type", "input_audio_buffer.cleared"}});
        } else if (type == "response.create") {
            const json::value* options = find(*event, "response");
            co_await respond(options ? *options : json::value(json::object{}), *event);
        } else if (type == "response.cancel") {
            co_await fail("response_cancel_not_active", "Cancellation failed: no active response found",
                          *event);
        } else {
            co_await fail("invalid_value", fmt::format("Invalid value: '{}'.", type.substr(0, 80)), *event);
        }
    }

    static void merge(json::object& into, const json::value& change) {
        if (!change.is_object()) return;
        for (const auto& member : change.get_object()) {
            json::value& old = into[member.key()];
            if (old.is_object() && member.value().is_object()) {
                merge(old.get_object(), member.value());
            } else {
                old = member.value();
            }
        }
    }

    [[nodiscard]] const json::value* audio_setting(std::string_view side, std::string_view name) const {
        const json::value all(settings_);
        const json::value* const found = settings_.if_contains("audio");
        const json::value* const half = found ? find(*found, side) : nullptr;
        return half ? find(*half, name) : nullptr;
    }

    net::Task<void> add_item(json::object item) {
        const json::value before = last_item_.empty() ? json::value(nullptr) : json::value(last_item_);
        last_item_ = view(item["id"].get_string());
        co_await send({{"type", "conversation.item.added"}, {"previous_item_id", before}, {"item", item}});
        item["status"] = "completed";
        co_await send({{"type", "conversation.item.done"}, {"previous_item_id", before}, {"item", item}});
    }

    net::Task<void> create_item(const json::value& event) {
        const json::value* given = find(event, "item");
        const std::string type = given ? string_at(*given, "type") : "";
        if (type != "message" && type != "function_call_output" && type != "function_call") {
            co_await fail("invalid_value", "Invalid value: 'item.type'.", event);
            co_return;
        }
        json::object item = given->get_object();
        if (!item.contains("id")) item["id"] = "item_" + dice_.id(21);
        item["object"] = "realtime.item";
        item["status"] = "completed";
        if (type == "message") {
            const std::string text = text_of_content(find(*given, "content"));
            if (string_at(*given, "role") == "user") prompt_ = text;
            // What was heard is not sent back.
            for (json::value& part : item["content"].get_array()) {
                if (string_at(part, "type") != "input_audio") continue;
                heard_ += static_cast<std::int64_t>(string_at(part, "audio").size()) * 3 / 4;
                part.get_object().erase("audio");
                if (!part.get_object().contains("transcript")) part.get_object()["transcript"] = nullptr;
            }
        }
        answers_tool_ = type == "function_call_output";
        append_all_text(*given, context_);
        co_await add_item(std::move(item));
    }

    net::Task<void> append_audio(std::string_view base64) {
        const auto bytes = from_base64(base64);
        buffered_ += bytes ? static_cast<std::int64_t>(bytes->size()) : 0;
        const json::value* detection = audio_setting("input", "turn_detection");
        if (!detection || !detection->is_object() || buffered_ < kBytesPerSecond) co_return;
        // With detection, whoever speaks for a second has had their turn.
        const std::string item = "item_" + dice_.id(21);
        const std::int64_t ms = buffered_ * 1000 / kBytesPerSecond;
        co_await send(
            {{"type", "input_audio_buffer.speech_started"}, {"audio_start_ms", 0}, {"item_id", item}});
        co_await send(
            {{"type", "input_audio_buffer.speech_stopped"}, {"audio_end_ms", ms}, {"item_id", item}});
        co_await commit_audio(item);
        co_await respond(json::object{}, {});
    }

    net::Task<void> commit_audio(std::string item = {}) {
        if (item.empty()) item = "item_" + dice_.id(21);
        const std::int64_t bytes = std::exchange(buffered_, 0);
        const json::value before = last_item_.empty() ? json::value(nullptr) : json::value(last_item_);
        co_await send(
            {{"type", "input_audio_buffer.committed"}, {"previous_item_id", before}, {"item_id", item}});
        co_await add_item({{"id", item},
                           {"object", "realtime.item"},
                           {"type", "message"},
                           {"status", "completed"},
                           {"role", "user"},
                           {"content", {{{"type", "input_audio"}, {"transcript", nullptr}}}}});
        heard_ += bytes;
        prompt_ = "what was said";
        answers_tool_ = false;
        const json::value* transcription = audio_setting("input", "transcription");
        if (transcription && transcription->is_object())
            co_await transcribe(item, bytes, string_at(*transcription, "model"));
    }

    net::Task<void> transcribe(const std::string& item, std::int64_t bytes, const std::string& model) {
        const std::string words = "This is what was said.";
        const std::string type = "conversation.item.input_audio_transcription.";
        co_await send({{"type", type + "delta"}, {"item_id", item}, {"content_index", 0}, {"delta", words}});
        json::object usage{{"type", "duration"},
                           {"seconds", static_cast<double>(bytes) / static_cast<double>(kBytesPerSecond)}};
        if (model != "whisper-1") {
            const std::int64_t heard =
                std::max<std::int64_t>(1, bytes * kHeardTokensPerSecond / kBytesPerSecond);
            const std::int64_t written = count_tokens(words);
            usage = {{"type", "tokens"},
                     {"total_tokens", heard + written},
                     {"input_tokens", heard},
                     {"input_token_details", {{"text_tokens", 0}, {"audio_tokens", heard}}},
                     {"output_tokens", written}};
        }
        co_await send({{"type", type + "completed"},
                       {"item_id", item},
                       {"content_index", 0},
                       {"transcript", words},
                       {"usage", usage}});
    }

    /// One response, from created to done.
    net::Task<void> respond(const json::value& options, const json::value& event);
    net::Task<bool> step(std::string_view kind, json::object more);
    net::Task<void> say(json::object& item);
    net::Task<void> call_tool(const ToolUse& use, json::object& item);
    [[nodiscard]] json::object response_object(std::string_view status) const;
    [[nodiscard]] json::object usage() const;

    Session& session_;
    Dice& dice_;
    json::object settings_;
    std::string context_;  ///< all text so far
    std::string prompt_;
    bool answers_tool_ = false;
    std::string last_item_;
    std::int64_t buffered_ = 0;
    std::int64_t heard_ = 0;       ///< bytes of audio in the conversation
    std::int64_t known_text_ = 0;  ///< tokens that the response before has read, and that are cached now
    std::int64_t known_audio_ = 0;
    std::deque<std::string> waiting_;  ///< came while a response was on its way

    // Of the response at hand:
    Knobs knobs_;
    Answer answer_;
    std::string response_id_;
    bool speaks_ = false;
    json::array output_;
    std::int64_t events_ = 0;
    std::int64_t spoken_ = 0;  ///< bytes
    std::int64_t text_in_ = 0;
    std::int64_t audio_in_ = 0;
    bool cancelled_ = false;
    bool cut_ = false;
};

json::object RealtimeSession::response_object(std::string_view status) const {
    json::object response{{"object", "realtime.response"},
                          {"id", response_id_},
                          {"status", status},
                          {"status_details", nullptr},
                          {"output", output_},
                          {"conversation_id", "conv_" + response_id_.substr(5)},
                          {"output_modalities", json::array{speaks_ ? "audio" : "text"}},
                          {"max_output_tokens", "inf"},
                          {"usage", nullptr},
                          {"metadata", nullptr}};
    return response;
}

json::object RealtimeSession::usage() const {
    const std::int64_t audio_out = spoken_ * kSpokenTokensPerSecond / kBytesPerSecond;
    const std::int64_t cached = std::min(known_text_, text_in_) + std::min(known_audio_, audio_in_);
    return {{"total_tokens", text_in_ + audio_in_ + answer_.output_tokens + audio_out},
            {"input_tokens", text_in_ + audio_in_},
            {"output_tokens", answer_.output_tokens + audio_out},
            {"input_token_details",
             {{"text_tokens", text_in_},
              {"audio_tokens", audio_in_},
              {"image_tokens", 0},
              {"cached_tokens", cached},
              {"cached_tokens_details",
               {{"text_tokens", std::min(known_text_, text_in_)},
                {"audio_tokens", std::min(known_audio_, audio_in_)},
                {"image_tokens", 0}}}}},
            {"output_token_details", {{"text_tokens", answer_.output_tokens}, {"audio_tokens", audio_out}}}};
}

/// Sends one event of the response; false when it is over: cut, cancelled, or the client has gone.
net::Task<bool> RealtimeSession::step(std::string_view kind, json::object more) {
    if (knobs_.cut_after && events_ >= *knobs_.cut_after) {
        session_.socket.cut();
        cut_ = true;
    }
    if (session_.over() || cancelled_) co_return false;
    ++events_;
    json::object event{{"type", fmt::format("response.{}", kind)}, {"response_id", response_id_}};
    for (const auto& member : more) event[member.key()] = member.value();
    co_await send(std::move(event));
    co_await session_.pace(knobs_);
    while (auto message = co_await session_.socket.read(std::chrono::milliseconds(0))) {
        if (message->contains("\"response.cancel\"")) {
            cancelled_ = true;
        } else {
            waiting_.push_back(std::move(*message));
        }
    }
    co_return true;
}

net::Task<void> RealtimeSession::say(json::object& item) {
    json::object place{{"item_id", item["id"]}, {"output_index", 0}, {"content_index", 0}};
    const auto with = [&place](json::object more) {
        json::object all = place;
        for (const auto& member : more) all[member.key()] = member.value();
        return all;
    };
    const std::string_view text_kind = speaks_ ? "output_audio_transcript" : "output_text";
    const std::string_view text_member = speaks_ ? "transcript" : "text";
    const std::string_view part_type = speaks_ ? "audio" : "text";
    std::string said;
    bool goes_on =
        co_await step("content_part.added", with({{"part", {{"type", part_type}, {text_member, ""}}}}));
    for (const std::string& piece : answer_.pieces) {
        if (goes_on) goes_on = co_await step(fmt::format("{}.delta", text_kind), with({{"delta", piece}}));
        if (goes_on && speaks_)
            goes_on = co_await step("output_audio.delta", with({{"delta", hum(kBytesPerPiece)}}));
        if (!goes_on) break;
        said += piece;
        if (speaks_) spoken_ += kBytesPerPiece;
    }
    if (goes_on && speaks_) goes_on = co_await step("output_audio.done", with({}));
    if (goes_on) goes_on = co_await step(fmt::format("{}.done", text_kind), with({{text_member, said}}));
    if (goes_on)
        co_await step("content_part.done", with({{"part", {{"type", part_type}, {text_member, said}}}}));
    const std::string content_type = speaks_ ? "output_audio" : "output_text";
    item["content"] = json::array{json::object{{"type", content_type}, {text_member, said}}};
    context_ += said;
}

net::Task<void> RealtimeSession::call_tool(const ToolUse& use, json::object& item) {
    json::object place{{"item_id", item["id"]}, {"output_index", 0}, {"call_id", item["call_id"]}};
    bool goes_on = true;
    for (const std::string& piece : fragments_of(use.arguments)) {
        json::object delta = place;
        delta["delta"] = piece;
        if (goes_on) goes_on = co_await step("function_call_arguments.delta", std::move(delta));
    }
    place["arguments"] = use.arguments;
    if (goes_on) co_await step("function_call_arguments.done", std::move(place));
    item["arguments"] = use.arguments;
}

net::Task<void> RealtimeSession::respond(const json::value& options, const json::value& event) {
    knobs_ = {};
    std::string prompt = prompt_;
    const auto set = set_knobs(knobs_, session_.headers, prompt);
    if (!set) {
        co_await fail("invalid_value", set.error().message, event);
        co_return;
    }
    if (knobs_.malformed == "json") co_await session_.socket.send(R"({"type":"response.cre)");
    if (!knobs_.error.empty() && !knobs_.stream_error_after) {
        const ErrorShape shape = shape_of(Vendor::OpenAi, knobs_.error, string_at(settings_, "model"));
        co_await fail(shape.code.empty() ? shape.type : shape.code, shape.message, event);
        co_return;
    }

    Question question;
    question.model = string_at(settings_, "model");
    question.prompt = prompt;
    question.knobs = knobs_;
    question.answers_tool_result = answers_tool_;
    const json::value* offered = find(options, "tools");
    const json::value session_tools = settings_["tools"];
    for (const json::value& tool : elements(offered ? offered : &session_tools))
        question.tools.push_back({string_at(tool, "name"), find(tool, "parameters")});
    const json::value* modalities = find(options, "output_modalities");
    const json::value session_modalities = settings_["output_modalities"];
    speaks_ = false;
    for (const json::value& one : elements(modalities ? modalities : &session_modalities))
        speaks_ = speaks_ || one == json::value("audio");
    answer_ = answer_question(question, dice_);
    const std::string instructions =
        string_at(find(options, "instructions") ? options : json::value(settings_), "instructions");
    text_in_ = count_tokens(context_) + count_tokens(instructions) +
               8 * static_cast<std::int64_t>(question.tools.size());
    audio_in_ = heard_ * kHeardTokensPerSecond / kBytesPerSecond;
    response_id_ = "resp_" + dice_.id(21);
    output_.clear();
    events_ = spoken_ = 0;
    cancelled_ = cut_ = false;

    co_await send({{"type", "response.created"}, {"response", response_object("in_progress")}});
    co_await send(
        {{"type", "rate_limits.updated"},
         {"rate_limits",
          {{{"name", "requests"}, {"limit", 1000}, {"remaining", 999}, {"reset_seconds", 60.5}},
           {{"name", "tokens"}, {"limit", 50'000}, {"remaining", 49'950}, {"reset_seconds", 0.25}}}}});
    if (knobs_.silent) {
        while (co_await session_.next()) continue;
        co_return;
    }
    json::object item{{"id", "item_" + dice_.id(21)}, {"object", "realtime.item"}, {"status", "in_progress"}};
    if (answer_.tools.empty()) {
        item["type"] = "message";
        item["role"] = "assistant";
        item["content"] = json::array{};
    } else {
        item["type"] = "function_call";
        item["name"] = answer_.tools.front().name;
        item["call_id"] = "call_" + dice_.id(16);
        item["arguments"] = "";
    }
    if (co_await step("output_item.added", {{"output_index", 0}, {"item", item}})) {
        if (answer_.tools.empty()) {
            co_await say(item);
        } else {
            co_await call_tool(answer_.tools.front(), item);
        }
    }
    if (cut_ || session_.over()) co_return;
    const bool incomplete = answer_.finish == Finish::Length || answer_.finish == Finish::Filter;
    const bool failed = knobs_.stream_error_after.has_value();
    const std::string_view status = failed       ? "failed"
                                    : cancelled_ ? "cancelled"
                                    : incomplete ? "incomplete"
                                                 : "completed";
    item["status"] = status == "completed" ? "completed" : "incomplete";
    output_.push_back(item);
    if (!cancelled_) co_await step("output_item.done", {{"output_index", 0}, {"item", item}});
    last_item_ = view(item["id"].get_string());
    json::object response = response_object(status);
    if (knobs_.usage != "none") response["usage"] = usage();
    if (failed) {
        const ErrorShape shape = shape_of(Vendor::OpenAi, knobs_.error.empty() ? "server" : knobs_.error, "");
        response["status_details"] = {
            {"type", "failed"},
            {"error", {{"type", shape.type}, {"code", shape.code}, {"message", shape.message}}}};
    } else if (cancelled_) {
        response["status_details"] = {{"type", "cancelled"}, {"reason", "client_cancelled"}};
    } else if (incomplete) {
        response["status_details"] = {
            {"type", "incomplete"},
            {"reason", answer_.finish == Finish::Length ? "max_output_tokens" : "content_filter"}};
    }
    known_text_ = text_in_;
    known_audio_ = audio_in_;
    answers_tool_ = false;
    co_await send({{"type", "response.done"}, {"response", response}});
}

}  // namespace

net::Task<void> hold_openai_realtime(Session& session) {
    RealtimeSession realtime(session);
    co_await realtime.run();
}

net::Task<void> hold_responses(Session& session) {
    while (const auto message = co_await session.next()) {
        auto event = parse_body(*message);
        if (!event || string_at(*event, "type") != "response.create") {
            co_await session.socket.send(
                R"({"type":"error","status":400,"error":{"type":"invalid_request_error","code":"invalid_value","message":"Invalid value: 'type'.","param":"type"}})");
            continue;
        }
        json::object body = event->get_object();
        body.erase("type");
        body["stream"] = true;
        const std::string text = json::serialize(body);
        Incoming incoming{"POST", "/v1/responses", "", &session.headers, text, session.seed};
        const Reply reply = answer_openai(incoming);
        if (!reply.stream) {
            const auto error = parse_body(reply.frames.front());
            json::object told{{"type", "error"}, {"status", reply.status}};
            if (const json::value* found = error ? find(*error, "error") : nullptr) told["error"] = *found;
            co_await session.socket.send(json::serialize(told));
            continue;
        }
        std::int64_t sent = 0;
        for (const std::string& frame : reply.frames) {
            if (reply.knobs.cut_after && sent++ >= *reply.knobs.cut_after) {
                session.socket.cut();
                co_return;
            }
            const auto begin = frame.find("data: ");
            if (begin == std::string::npos || session.over()) continue;
            co_await session.socket.send(
                std::string_view(frame).substr(begin + 6, frame.find('\n', begin) - begin - 6));
            co_await session.pace(reply.knobs);
        }
    }
}

}  // namespace steno::simulator
