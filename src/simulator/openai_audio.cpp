#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/language.hpp"
#include "simulator/openai.hpp"

#include <fmt/format.h>

#include <algorithm>

// /v1/audio/speech, /transcriptions and /translations. whisper-1 reports seconds, the models called
// gpt-4o-…-transcribe report tokens and stream.

namespace steno::simulator {

namespace {

std::string_view mime_of(std::string_view format) {
    if (format == "wav") return "audio/wav";
    if (format == "opus") return "audio/opus";
    if (format == "aac") return "audio/aac";
    if (format == "flac") return "audio/flac";
    return format == "pcm" ? "audio/pcm" : "audio/mpeg";
}

/// Bytes that could be sound: the longer the text, the more.
std::vector<std::string> sound_of(std::string_view text, Dice& dice) {
    constexpr std::size_t kBytesOfPiece = 600;  // a multiple of three, so that base64 needs no padding
    std::vector<std::string> pieces;
    for (std::size_t i = 0; i <= text.size() / 40; ++i) {
        std::string& piece = pieces.emplace_back(kBytesOfPiece, '\0');
        for (char& c : piece) c = static_cast<char>(dice.below(256));
    }
    return pieces;
}

std::string token_usage(std::int64_t text, std::int64_t audio, std::int64_t output) {
    return fmt::format(
        R"({{"type":"tokens","total_tokens":{},"input_tokens":{},"input_token_details":{{"text_tokens":{},"audio_tokens":{}}},"output_tokens":{}}})",
        text + audio + output, text + audio, text, audio, output);
}

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

void finish_stream(Reply& reply, const OpenAiCall& call) {
    reply.stream = reply.sse = true;
    reply.content_type = "text/event-stream; charset=utf-8";
    const ErrorShape error =
        shape_of(Vendor::OpenAi, call.knobs.error.empty() ? "server" : call.knobs.error, call.model);
    reply.error_frame = sse_frame("", error_body(Vendor::OpenAi, error, {}));
}

}  // namespace

Reply answer_speech(const OpenAiCall& call, Dice& dice) {
    Reply reply;
    const std::vector<std::string> pieces = sound_of(call.prompt, dice);
    if (string_at(call.body, "stream_format") != "sse") {
        reply.stream = true;
        reply.content_type = mime_of(string_at(call.body, "response_format"));
        reply.frames = pieces;
        return reply;
    }
    for (const std::string& piece : pieces)
        reply.frames.push_back(
            sse_frame("", fmt::format(R"({{"type":"speech.audio.delta","audio":"{}"}})", to_base64(piece))));
    const std::int64_t input = count_tokens(call.prompt);
    const std::int64_t output = static_cast<std::int64_t>(pieces.size()) * 20;
    const std::string usage =
        call.knobs.usage == "none"
            ? ""
            : fmt::format(R"(,"usage":{{"input_tokens":{},"output_tokens":{},"total_tokens":{}}})", input,
                          output, input + output);
    reply.frames.push_back(sse_frame("", fmt::format(R"({{"type":"speech.audio.done"{}}})", usage)));
    finish_stream(reply, call);
    return reply;
}

Reply answer_transcription(const OpenAiCall& call, Dice& dice) {
    if (call.files.empty())
        return error_reply(Vendor::OpenAi, "invalid", call.knobs, dice, call.model,
                           "you must provide a file parameter");
    constexpr std::size_t kBytesOfSecond = 16'000;
    const auto seconds = static_cast<std::int64_t>(call.files.front().content.size() / kBytesOfSecond + 1);
    const std::string text = call.knobs.text.value_or(compose_answer(dice, call.files.front().filename));
    const bool by_time = call.model.starts_with("whisper");
    const std::string usage =
        call.knobs.usage == "none" ? ""
        : by_time                  ? fmt::format(R"(,"usage":{{"type":"duration","seconds":{}}})", seconds)
                  : ",\"usage\":" + token_usage(count_tokens(call.prompt), seconds * 10, count_tokens(text));
    const std::string format = string_at(call.body, "response_format");
    Reply reply;
    if (wants_stream(call.body) && !by_time) {
        for (const std::string& piece : cut_into_pieces(dice, text, 0))
            reply.frames.push_back(sse_frame(
                "", fmt::format(R"({{"type":"transcript.text.delta","delta":{}}})", quoted(piece))));
        reply.frames.push_back(sse_frame(
            "", fmt::format(R"({{"type":"transcript.text.done","text":{}{}}})", quoted(text), usage)));
        finish_stream(reply, call);
    } else if (format == "text" || format == "srt" || format == "vtt") {
        reply.content_type = "text/plain; charset=utf-8";
        const std::string_view comma = format == "srt" ? "," : ".";
        const std::string cue = fmt::format("00:00:00{0}000 --> 00:00:{1:02}{0}000\n{2}\n\n", comma,
                                            std::min<std::int64_t>(seconds, 59), text);
        reply.frames.push_back(format == "text"  ? text + "\n"
                               : format == "srt" ? "1\n" + cue
                                                 : "WEBVTT\n\n" + cue);
    } else if (format == "verbose_json") {
        reply.frames.push_back(fmt::format(
            R"({{"task":"transcribe","language":"english","duration":{}.5,"text":{},"segments":[]{}}})",
            seconds - 1, quoted(text), usage));
    } else {
        reply.frames.push_back(fmt::format(R"({{"text":{}{}}})", quoted(text), usage));
    }
    return reply;
}

}  // namespace steno::simulator
