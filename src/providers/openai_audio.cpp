#include "base/text.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

namespace steno::providers {

namespace {

std::string content_type_of(const ResponseView& response) {
    const auto type = response.header ? response.header("content-type") : std::nullopt;
    return lower_case(trim(type.value_or("").substr(0, type.value_or("").find(';'))));
}

void add_audio(Call& call, std::string_view mime, std::size_t bytes) {
    Message& message = call.response.messages.emplace_back();
    message.role = "assistant";
    Part& part = message.parts.emplace_back();
    part.type = PartType::Audio;
    part.mime = mime;
    add_modality(call.modality.output, "audio");
    call.response.output.text = fmt::format(R"({{"bytes":{}}})", bytes);
}

/// What text-to-speech without usage is billed by.
void count_characters(Call& call) {
    std::int64_t characters = 0;
    for (const Message& message : call.request.messages) {
        for (const Part& part : message.parts)
            characters += static_cast<std::int64_t>(utf8_length(part.text));
    }
    if (characters != 0) call.usage.characters = characters;
}

/// Speech as the bytes of an audio file. They are not kept here (raw.response may have them).
class AudioReader final : public ResponseReader {
  public:
    AudioReader(const RequestView& request, const ResponseView& response)
        : status_(make_generic_reader(request, response)),
          mime_(content_type_of(response)),
          success_(response.status < 400) {}

    void feed(std::string_view bytes) override {
        status_->feed(bytes);
        if (success_) bytes_ += bytes.size();
    }
    [[nodiscard]] bool first_token_seen() const override { return bytes_ != 0; }
    [[nodiscard]] bool finished() const override { return false; }
    void end(bool complete, Call& call) override {
        status_->end(complete, call);
        if (bytes_ != 0) add_audio(call, mime_, bytes_);
        if (call.status == Status::Success) count_characters(call);
    }

  private:
    std::unique_ptr<ResponseReader> status_;
    std::string mime_;
    bool success_;
    std::size_t bytes_ = 0;
};

/// Speech as server-sent events: stream_format "sse".
class SpeechEventsReader final : public AnswerReader {
  public:
    SpeechEventsReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect)
        : AnswerReader(request, response), dialect_(dialect) {}

  private:
    void on_event(std::string_view, JsonValue data) override {
        const JsonValue type = data["type"];
        if (type.is("speech.audio.delta")) {
            answer_.note_output();
            const std::string_view base64 = data["audio"].raw();
            bytes_ += base64.size() < 2 ? 0 : (base64.size() - 2) / 4 * 3;
        } else if (type.is("speech.audio.done")) {
            if (data["usage"].is_object()) read_openai_usage(data["usage"], dialect_, usage_);
            finish_stream();
        }
    }
    void on_document(JsonValue) override {}
    [[nodiscard]] bool is_answer(JsonValue) const override { return false; }  // it answers with events alone
    [[nodiscard]] bool stream_is_whole() const override { return false; }     // finish_stream() says so

    void on_end(Call& call) override {
        if (bytes_ != 0) add_audio(call, "", bytes_);
        call.usage = usage_;
        if (call.status == Status::Success && usage_ == Usage{}) count_characters(call);
    }

    OpenAiDialect dialect_;
    Usage usage_;
    std::size_t bytes_ = 0;  ///< of audio, give or take the padding of the pieces
};

/// Transcriptions and translations as JSON or as events.
class TranscriptionReader final : public AnswerReader {
  public:
    TranscriptionReader(const RequestView& request, const ResponseView& response,
                        const OpenAiDialect& dialect)
        : AnswerReader(request, response), dialect_(dialect) {}

  private:
    void on_event(std::string_view, JsonValue data) override {
        const JsonValue type = data["type"];
        if (type.is("transcript.text.delta")) {
            answer_.append(PartType::Text, data["delta"]);
        } else if (type.is("transcript.text.done")) {
            if (answer_.empty()) answer_.append(PartType::Text, data["text"]);
            read_usage(data);
            finish_stream();
        }
    }

    void on_document(JsonValue root) override {
        keep_first(id_, root["x_groq"]["id"]);
        answer_.append(PartType::Text, root["text"]);
        read_usage(root);
    }
    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["text"].is_string(); }

    [[nodiscard]] bool stream_is_whole() const override { return false; }  // finish_stream() says so

    void read_usage(JsonValue root) {
        const JsonValue usage = root["usage"];
        if (usage.is_object()) {
            read_openai_usage(usage, dialect_, usage_);
            usage_.seconds = seconds(usage["seconds"]);
        } else {
            usage_.seconds = seconds(root["duration"]);  // verbose_json of models that are billed by time
        }
    }

    static std::optional<double> seconds(JsonValue value) {
        const auto number = value.number();
        constexpr double kYear = 366.0 * 86'400;
        return number && *number >= 0 && *number < kYear ? number : std::nullopt;
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.usage = usage_;
    }

    OpenAiDialect dialect_;
    std::string id_;
    Usage usage_;
};

/// Transcriptions as text, srt or vtt.
class PlainTextReader final : public ResponseReader {
  public:
    PlainTextReader(const RequestView& request, const ResponseView& response)
        : status_(make_generic_reader(request, response)), success_(response.status < 400) {}

    void feed(std::string_view bytes) override {
        status_->feed(bytes);
        if (!success_) return;
        bytes_ += bytes.size();
        if (bytes_ <= Answer::kMaxKept) text_.append(bytes);
    }
    [[nodiscard]] bool first_token_seen() const override { return bytes_ != 0; }
    [[nodiscard]] bool finished() const override { return false; }
    void end(bool complete, Call& call) override {
        status_->end(complete, call);
        Answer answer;
        answer.append(PartType::Text, std::string_view(repaired_utf8(text_)));
        answer.move_to(call);
        if (bytes_ > Answer::kMaxKept)
            call.privacy.truncated["response.messages"].bytes = static_cast<std::int64_t>(bytes_);
    }

  private:
    std::unique_ptr<ResponseReader> status_;
    bool success_;
    std::size_t bytes_ = 0;
    std::string text_;
};

}  // namespace

void read_speech_request(JsonValue body, Call& call) {
    call.kind = Kind::Speech;
    Message& message = call.request.messages.emplace_back();
    message.role = "user";
    message.parts.emplace_back().text = body["input"].string();
    call.request.system = body["instructions"].string();
    if (body["stream_format"].is("sse")) call.request.stream = true;
    call.request.parameters = parameters_without(body, {"input", "instructions", "model", "stream"});
}

void read_transcription_form(const Form& form, Call& call) {
    call.kind = Kind::Transcription;
    Message& message = call.request.messages.emplace_back();
    message.role = "user";
    if (const std::string_view prompt = form.text("prompt"); !prompt.empty())
        message.parts.emplace_back().text = prompt;
    for (const FormField& field : form.fields) {
        if (!field.is_file()) continue;
        Part part;
        part.type = PartType::Audio;
        part.name = field.filename;
        part.mime = field.content_type;
        message.parts.push_back(std::move(part));
    }
    call.request.parameters = form_parameters(form, {"prompt", "model", "stream"});
}

std::unique_ptr<ResponseReader> make_speech_reader(const RequestView& request, const ResponseView& response,
                                                   const OpenAiDialect& dialect) {
    if (content_type_of(response) == "text/event-stream")
        return std::make_unique<SpeechEventsReader>(request, response, dialect);
    return std::make_unique<AudioReader>(request, response);
}

std::unique_ptr<ResponseReader> make_transcription_reader(const RequestView& request,
                                                          const ResponseView& response,
                                                          const OpenAiDialect& dialect) {
    const std::string type = content_type_of(response);
    const bool plain = type.starts_with("text/") && type != "text/event-stream";
    if (plain || type == "application/x-subrip") return std::make_unique<PlainTextReader>(request, response);
    return std::make_unique<TranscriptionReader>(request, response, dialect);
}

}  // namespace steno::providers
