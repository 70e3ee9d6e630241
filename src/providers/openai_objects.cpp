#include "base/text.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <charconv>
#include <optional>
#include <utility>

// What is kept with the provider and fetched, listed, changed: stored answers, conversations, files, batches,
// videos, fine-tuning jobs, vector stores, assistants and their threads. None of it is billed by being looked
// at, so no usage is read from it.

namespace steno::providers {

namespace {

constexpr std::size_t kMaxObject = 1 << 20;  ///< a bigger one is not kept

/// A success whatever state the object is in: a job that failed can be fetched.
class ObjectReader final : public ResponseReader {
  public:
    ObjectReader(const RequestView& request, const ResponseView& response)
        : status_(make_generic_reader(request, response)) {
        const auto type = response.header ? response.header("content-type") : std::nullopt;
        kept_ = response.status < 400 && type && lower_case(*type).contains("json");
    }

    void feed(std::string_view bytes) override {
        status_->feed(bytes);
        if (!kept_) return;
        kept_ = text_.size() + bytes.size() <= kMaxObject;
        kept_ ? text_.append(bytes) : text_.erase();
    }
    [[nodiscard]] bool first_token_seen() const override { return false; }
    [[nodiscard]] bool finished() const override { return false; }
    void end(bool complete, Call& call) override {
        status_->end(complete, call);
        JsonDocument document;
        if (!kept_ || !document.parse(text_)) return;
        const JsonValue root = document.root();
        const JsonValue id = root["id"].is_string() ? root["id"] : root["data"]["id"];
        call.response.id = id.string();
        call.model.served = root["model"].string();
        call.response.output = verbatim(root);
    }

  private:
    std::unique_ptr<ResponseReader> status_;
    bool kept_ = false;
    std::string text_;
};

/// A video is billed by its seconds, which the answer to its request repeats (as text).
class VideoReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    void on_event(std::string_view, JsonValue) override {}
    void on_document(JsonValue root) override {
        id_ = root["id"].string();
        model_ = root["model"].string();
        if (root.raw().size() <= kMaxObject) output_ = verbatim(root);
        const std::string text = root["seconds"].scalar_text();
        double seconds = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        constexpr double kDay = 86'400;
        const bool whole = error == std::errc{} && end == text.data() + text.size();
        if (whole && seconds > 0 && seconds < kDay) seconds_ = seconds;
    }
    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["id"].is_string(); }
    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.response.output = std::move(output_);
        call.usage.seconds = seconds_;
    }

    std::string id_;
    std::string model_;
    Json output_;
    std::optional<double> seconds_;
};

void add_prompt(std::string_view prompt, Call& call) {
    if (prompt.empty()) return;
    Message& message = call.request.messages.emplace_back();
    message.role = "user";
    message.parts.emplace_back().text = prompt;
}

}  // namespace

void read_object_request(JsonValue body, Call& call) {
    if (body.raw().size() <= kMaxObject) call.request.input = verbatim(body);
}

void read_object_form(const Form& form, Call& call) {
    call.request.input = form_files(form);
    call.request.parameters = form_parameters(form, {});
}

void read_video_request(JsonValue body, Call& call) {
    call.kind = Kind::Video;
    add_prompt(body["prompt"].string(), call);
    call.request.parameters = parameters_without(body, {"prompt", "model"});
}

void read_video_form(const Form& form, Call& call) {
    call.kind = Kind::Video;
    add_prompt(form.text("prompt"), call);
    call.request.input = form_files(form);
    call.request.parameters = form_parameters(form, {"prompt", "model"});
}

std::unique_ptr<ResponseReader> make_object_reader(const RequestView& request, const ResponseView& response,
                                                   const OpenAiDialect&) {
    return std::make_unique<ObjectReader>(request, response);
}

std::unique_ptr<ResponseReader> make_video_reader(const RequestView& request, const ResponseView& response,
                                                  const OpenAiDialect&) {
    return std::make_unique<VideoReader>(request, response);
}

}  // namespace steno::providers
