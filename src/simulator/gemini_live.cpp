#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/language.hpp"
#include "simulator/model.hpp"
#include "simulator/session.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <deque>
#include <utility>

/// Gemini's Live API (ai.google.dev/api/live): BidiGenerateContent. Its messages come as binary frames.
/// Speech has ended when the client says so (activityEnd, audioStreamEnd): nothing is listened to here.
namespace steno::simulator {

namespace json = boost::json;

namespace {

constexpr std::int64_t kHeardBytesPerToken = 1'000;   // 16 kHz, 16 bits, 32 tokens a second
constexpr std::int64_t kSpokenBytesPerPiece = 4'800;  // 24 kHz: a tenth of a second for each piece of text
constexpr std::int64_t kSpokenBytesPerToken = 1'920;  // 25 tokens a second

json::array modality_counts(std::int64_t text, std::int64_t audio) {
    json::array counts;
    if (text > 0) counts.push_back(json::object{{"modality", "TEXT"}, {"tokenCount", text}});
    if (audio > 0) counts.push_back(json::object{{"modality", "AUDIO"}, {"tokenCount", audio}});
    return counts;
}

class LiveSession {
  public:
    explicit LiveSession(Session& session) : session_(session), dice_(session.dice) {}

    net::Task<void> run() {
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
    net::Task<void> send(const json::object& message) {
        const std::string text = json::serialize(message);
        co_await session_.socket.send(text, true, static_cast<std::size_t>(knobs_.split.value_or(0)));
    }

    net::Task<void> handle(std::string_view text) {
        const auto message = parse_body(text);
        if (!message || !message->is_object()) {
            co_await session_.socket.close(1007, "Request contains an invalid argument.");
            co_return;
        }
        if (const json::value* setup = find(*message, "setup")) {
            setup_ = *setup;
            context_.clear();
            if (const json::value* system = find(setup_, "systemInstruction", "system_instruction"))
                append_all_text(*system, context_);
            co_await send({{"setupComplete", {{"sessionId", dice_.hex(24)}}}});
        } else if (const json::value* content = find(*message, "clientContent", "client_content")) {
            for (const json::value& turn : elements(find(*content, "turns"))) {
                append_all_text(turn, context_);
                if (string_at(turn, "role") != "model") prompt_ = text_of_content(find(turn, "parts"));
            }
            if (flag_at(*content, "turnComplete") || flag_at(*content, "turn_complete"))
                co_await answer(false);
        } else if (const json::value* input = find(*message, "realtimeInput", "realtime_input")) {
            if (const json::value* audio = find(*input, "audio"))
                heard_ += static_cast<std::int64_t>(string_at(*audio, "data").size()) * 3 / 4;
            if (const std::string said = string_at(*input, "text"); !said.empty()) {
                prompt_ = said;
                context_ += said;
                co_await answer(false);
            }
            const bool ended = find(*input, "activityEnd", "activity_end") ||
                               flag_at(*input, "audioStreamEnd") || flag_at(*input, "audio_stream_end");
            if (ended && heard_ > heard_before_) {
                heard_before_ = heard_;
                prompt_ = "what was said";
                if (find(setup_, "inputAudioTranscription", "input_audio_transcription"))
                    co_await send(
                        {{"serverContent", {{"inputTranscription", {{"text", "This is what was said."}}}}}});
                co_await answer(false);
            }
        } else if (const json::value* response = find(*message, "toolResponse", "tool_response")) {
            append_all_text(*response, context_);
            co_await answer(true);
        }
    }

    /// Takes what the client says meanwhile; true when it speaks over the answer.
    net::Task<bool> interrupted() {
        bool spoken_over = false;
        while (auto message = co_await session_.socket.read(std::chrono::milliseconds(0))) {
            spoken_over = spoken_over || message->contains("\"clientContent\"") ||
                          message->contains("\"client_content\"");
            waiting_.push_back(std::move(*message));
        }
        co_return spoken_over;
    }

    net::Task<void> answer(bool to_tool) {
        knobs_ = {};
        std::string prompt = prompt_;
        const auto set = set_knobs(knobs_, session_.headers, prompt);
        if (!set || !knobs_.error.empty()) {
            const std::string why =
                set ? shape_of(Vendor::Gemini, knobs_.error, "").message : set.error().message;
            co_await session_.socket.close(knobs_.error == "quota" || knobs_.error == "server" ? 1011 : 1008,
                                           utf8_prefix(why, 120));
            co_return;
        }
        Question question;
        question.model = string_at(setup_, "model");
        question.prompt = prompt;
        question.knobs = knobs_;
        question.answers_tool_result = to_tool;
        for (const json::value& tool : elements(find(setup_, "tools"))) {
            for (const json::value& one :
                 elements(find(tool, "functionDeclarations", "function_declarations")))
                question.tools.push_back({string_at(one, "name"), find(one, "parameters")});
        }
        const Answer answer = answer_question(question, dice_);
        if (knobs_.silent) {
            while (co_await session_.next()) continue;
            co_return;
        }
        const std::int64_t text_in = count_tokens(context_);
        const std::int64_t audio_in = heard_ / kHeardBytesPerToken;
        const auto usage = [&](std::int64_t text_out, std::int64_t audio_out) -> json::object {
            return {{"promptTokenCount", text_in + audio_in},
                    {"responseTokenCount", text_out + audio_out},
                    {"totalTokenCount", text_in + audio_in + text_out + audio_out},
                    {"promptTokensDetails", modality_counts(text_in, audio_in)},
                    {"responseTokensDetails", modality_counts(text_out, audio_out)}};
        };
        if (!answer.tools.empty()) {
            json::array calls;
            for (const ToolUse& use : answer.tools)
                calls.push_back(json::object{{"id", "function-call-" + dice_.hex(16)},
                                             {"name", use.name},
                                             {"args", *parse_body(use.arguments)}});
            co_await send({{"toolCall", {{"functionCalls", calls}}},
                           {"usageMetadata", usage(answer.output_tokens, 0)}});
            co_return;
        }
        bool speaks = false;
        const json::value* config = find(setup_, "generationConfig", "generation_config");
        for (const json::value& one :
             elements(config ? find(*config, "responseModalities", "response_modalities") : nullptr))
            speaks = speaks || one == json::value("AUDIO");
        const bool transcribes =
            find(setup_, "outputAudioTranscription", "output_audio_transcription") != nullptr;
        std::int64_t sent = 0;
        std::int64_t spoken = 0;
        bool stopped = false;
        std::string said;
        for (const std::string& piece : answer.pieces) {
            if (knobs_.cut_after && sent >= *knobs_.cut_after) {
                session_.socket.cut();
                co_return;
            }
            if (session_.over()) co_return;
            stopped = co_await interrupted();
            if (stopped) break;
            json::object part{{"text", piece}};
            if (speaks) {
                const std::string hum(static_cast<std::size_t>(kSpokenBytesPerPiece), '\1');
                part = {{"inlineData", {{"mimeType", "audio/pcm;rate=24000"}, {"data", to_base64(hum)}}}};
                spoken += kSpokenBytesPerPiece;
            }
            co_await send(
                {{"serverContent", {{"modelTurn", {{"role", "model"}, {"parts", json::array{part}}}}}}});
            if (speaks && transcribes)
                co_await send({{"serverContent", {{"outputTranscription", {{"text", piece}}}}}});
            said += piece;
            ++sent;
            co_await session_.pace(knobs_);
        }
        context_ += said;
        co_await send({{"serverContent", {{stopped ? "interrupted" : "generationComplete", true}}}});
        json::object last{{"serverContent", {{"turnComplete", true}}}};
        if (knobs_.usage != "none")
            last["usageMetadata"] = usage(speaks ? 0 : count_tokens(said), spoken / kSpokenBytesPerToken);
        co_await send(last);
    }

    Session& session_;
    Dice& dice_;
    json::value setup_;
    std::string context_;
    std::string prompt_;
    std::int64_t heard_ = 0;
    std::int64_t heard_before_ = 0;
    Knobs knobs_;
    std::deque<std::string> waiting_;
};

}  // namespace

net::Task<void> hold_gemini_live(Session& session) {
    LiveSession live(session);
    co_await live.run();
}

}  // namespace steno::simulator
