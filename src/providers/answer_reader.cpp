#include "providers/answer_reader.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace steno::providers {

namespace {

/// The words of a body that is no JSON (a proxy's HTML page, "error code: 520"), for the message.
std::string prose(std::string_view body) {
    constexpr std::size_t kShown = 300;
    std::string text;
    bool in_tag = false;
    for (const char c : body.substr(0, 4 * kShown)) {
        if (c == '<') in_tag = true;
        const bool space = in_tag || c == ' ' || c == '\n' || c == '\r' || c == '\t';
        if (space ? !text.empty() && text.back() != ' ' : true) text.push_back(space ? ' ' : c);
        if (c == '>') in_tag = false;
    }
    return std::string(trim(utf8_prefix(repaired_utf8(text), kShown)));
}

/// Is what stands before the first line break a JSON document of its own?
bool begins_with_a_line(std::string_view text) {
    const std::size_t end = text.find('\n');
    return end != std::string_view::npos && is_json(text.substr(0, end));
}

class GenericReader final : public AnswerReader {
  public:
    GenericReader(const RequestView& request, const ResponseView& response)
        : AnswerReader(request, response, Expected::Anything) {}

  private:
    void on_event(std::string_view, JsonValue) override {}
    void on_document(JsonValue) override {}
    [[nodiscard]] bool is_answer(JsonValue) const override { return true; }
    void on_end(Call&) override {}
};

class VerbatimReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    void on_event(std::string_view, JsonValue) override {}
    void on_document(JsonValue root) override {
        constexpr std::size_t kSmall = 64 << 10;
        if (root.raw().size() <= kSmall) output_ = verbatim(root);
    }
    [[nodiscard]] bool is_answer(JsonValue root) const override { return root.size() != 0; }
    void on_end(Call& call) override { call.response.output = std::move(output_); }

    Json output_;
};

}  // namespace

AnswerReader::AnswerReader(const RequestView& request, const ResponseView& response, Expected expected)
    : status_(response.status),
      expected_(expected),
      error_head_(read_error_head(response)),
      secrets_(request),
      counts_(response),
      on_sse_([this](const SseEvent& event) { on_message(event.name, event.data); }),
      on_amazon_message_([this](const EventStreamMessage& message) { on_amazon_message(message); }),
      on_element_([this](std::string_view element) { on_message({}, element); }) {
    const auto type = response.header ? response.header("content-type") : std::nullopt;
    const std::string kind = lower_case(type.value_or(""));
    event_stream_ = kind.contains("text/event-stream");
    // Ollama, Cohere v1, batch results
    lines_ = kind.contains("ndjson") || kind.contains("stream+json") || kind.contains("jsonl") ||
             expected == Expected::Lines;
    if (kind.contains("application/vnd.amazon.eventstream") && status_ < 400) body_ = Body::Messages;
    if (expected == Expected::Anything && status_ < 400) body_ = Body::Ignored;
}

void AnswerReader::keep_first(std::string& known, JsonValue value) {
    if (known.empty()) value.append_string_to(known);
}

void AnswerReader::note_odd(std::string_view name) {
    if (odd_.empty()) odd_ = name;
}

JsonValue AnswerReader::text(JsonValue object, std::string_view name) {
    const JsonValue value = object[name];
    if (value.has_value() && !value.is_string()) note_odd(name);
    return value;
}

JsonValue AnswerReader::text_or_objects(JsonValue object, std::string_view name) {
    const JsonValue value = object[name];
    return value.is_string() ? value : objects(object, name);
}

JsonValue AnswerReader::object(JsonValue object, std::string_view name) {
    const JsonValue value = object[name];
    if (value.has_value() && !value.is_object()) note_odd(name);
    return value;
}

JsonValue AnswerReader::objects(JsonValue object, std::string_view name) {
    const JsonValue value = object[name];
    if (!value.has_value()) return value;
    bool odd = !value.is_array();
    std::size_t elements = 0;  // a list of nothing but numbers has none to look at
    for (const JsonValue element : value.elements()) {
        odd = odd || !element.is_object();
        ++elements;
    }
    if (odd || elements != value.size()) note_odd(name);
    return value;
}

std::string AnswerReader::scalar(JsonValue object, std::string_view name) {
    const JsonValue value = object[name];
    if (value.is_array() || value.is_object()) note_odd(name);
    return value.scalar_text();
}

void AnswerReader::report(ProviderError error) {
    if (!error_) error_ = std::move(error);
}

void AnswerReader::decide(std::string_view bytes) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    std::string begun;
    if (!document_text_.empty()) {
        begun = std::exchange(document_text_, {}).append(bytes);
        bytes = begun;
    }
    while (true) {  // blank lines keep a connection alive; they may come long before the answer
        bytes.remove_prefix(std::min(bytes.size(), bytes.find_first_not_of(" \t\r\n")));
        if (kByteOrderMark.starts_with(bytes)) {
            document_text_ = bytes;
            return;
        }
        if (!bytes.starts_with(kByteOrderMark)) break;
        bytes.remove_prefix(kByteOrderMark.size());
    }
    const char c = bytes.front();
    if (lines_ && status_ < 400) {
        body_ = Body::Lines;
    } else if (c == '[' && expected_ == Expected::EventsOrArray && status_ < 400) {
        body_ = Body::Array;
    } else if (c == '{' || c == '[' || c == '<' || !(event_stream_ || status_ < 400)) {
        body_ = Body::Document;
    } else {
        body_ = Body::Events;
    }
    feed(bytes);
}

void AnswerReader::feed(std::string_view bytes) {
    switch (body_) {
        case Body::Unknown:
            return decide(bytes);
        case Body::Events:
            return events_parser_.feed(bytes, on_sse_);
        case Body::Array:
            return array_parser_.feed(bytes, on_element_);
        case Body::Lines:
            return line_parser_.feed(bytes, on_element_);
        case Body::Messages:
            return message_parser_.feed(bytes, on_amazon_message_);
        case Body::Ignored:
            return;
        case Body::Document:
            if (document_text_.size() + bytes.size() > kMaxDocument) {
                too_big_ = true;
                document_text_ = {};
            }
            if (!too_big_) document_text_.append(bytes);
    }
}

void AnswerReader::on_message(std::string_view name, std::string_view data) {
    if (finished_ || data.empty()) return;
    if (data == "[DONE]") {
        done_ = true;
        finished_ = !awaits_usage();
        return;
    }
    const bool readable = document_.parse(data);
    const JsonValue root = readable ? document_.root() : JsonValue();
    if (done_) {
        if (!root["usage"].is_object()) return;
        on_event(name, root);
        finished_ = !awaits_usage();
        return;
    }
    if (!readable) {
        // What a cut has left of an event is no fault of the provider's.
        if (flushing_ && !(complete_ && expected_ == Expected::Lines)) return;
        malformed_ = true;
        ++unreadable_;
        return;
    }
    if (!root.is_object()) {
        if (root.has_value()) malformed_ = true;
        return;
    }
    ++events_;
    if (auto error = error_in(root, name == "error")) report(std::move(*error));
    answered_ = answered_ || is_answer(root);
    if (body_ == Body::Messages) counts_.read(root);
    on_event(name, root);
}

void AnswerReader::on_amazon_message(const EventStreamMessage& message) {
    if (finished_) return;
    if (message.message_type != "event") return on_amazon_error(message);
    if (message.event_type != "chunk") return on_message(message.event_type, message.payload);
    // InvokeModel wraps each message of the model's own stream.
    JsonDocument wrapping;
    const auto native =
        wrapping.parse(message.payload) ? from_base64(wrapping.root()["bytes"].string()) : std::nullopt;
    if (!native) {
        malformed_ = true;
        return;
    }
    on_message({}, *native);
    if (counts_.seen()) finished_ = true;  // they are in the last chunk
}

void AnswerReader::on_amazon_error(const EventStreamMessage& message) {
    ++events_;
    JsonDocument document;
    ProviderError error;
    if (document.parse(message.payload)) error = error_in(document.root(), true).value_or(ProviderError{});
    if (error.message.empty()) error.message = repaired_utf8(message.error_message);
    error.type = repaired_utf8(message.exception_type.empty() ? message.error_code : message.exception_type);
    report(std::move(error));
}

void AnswerReader::read_document(bool complete) {
    if (document_text_.size() > kMaxDocument) too_big_ = true;
    const bool is_json = !too_big_ && document_.parse(document_text_);
    if (auto error = is_json ? error_in(document_.root(), status_ >= 400) : std::nullopt)
        report(std::move(*error));
    if (status_ >= 400) {
        // Cut in the middle of a key it would not be found again, so keys go before the text is shortened.
        constexpr std::size_t kLookedAt = 64 << 10;
        report({.message = prose(secrets_.without_secrets(document_text_.substr(0, kLookedAt)))});
    } else if (is_json) {
        on_document(document_.root());
        constexpr int kAccepted = 202;  // the answer is to be fetched elsewhere, later
        no_answer_ = status_ != kAccepted && !is_answer(document_.root());
    } else if (expected_ == Expected::EventsOrLines && !too_big_ && begins_with_a_line(document_text_)) {
        body_ = Body::Lines;
        line_parser_.feed(document_text_, on_element_);
        line_parser_.finish(on_element_);
    } else {
        (complete ? malformed_ : cut_) = true;
    }
}

bool AnswerReader::says_only_that_it_is_over() const {
    return !answered_ && !answer_.has_output() && answer_.empty() && (done_ || array_parser_.finished());
}

void AnswerReader::set_status(bool complete, Call& call) {
    call.status = Status::Success;
    const bool stream = is_stream();
    if (status_ >= 400 && !error_) error_.emplace();
    if (error_) {
        for (std::string* const text : {&error_->message, &error_->type, &error_->code, &error_->param})
            *text = secrets_.without_secrets(std::move(*text));
        for (std::string& category : error_->categories)
            category = secrets_.without_secrets(std::move(category));
        if (error_->message.empty())
            error_->message = fmt::format("the provider answered with status {}", status_);
        amend(*error_, error_head_);
        set_error(call, status_, std::move(*error_));
    } else if (too_big_) {
        call.privacy.truncated["response.messages"] = {};
    } else if (message_parser_.malformed()) {
        set_error(call, ErrorType::MalformedResponse, "the event stream holds a message that is damaged");
    } else if (malformed_ || array_parser_.malformed()) {
        set_error(call, ErrorType::MalformedResponse,
                  stream ? "the stream holds an event that is no JSON" : "the answer is no JSON");
    } else if (no_answer_) {
        set_error(call, ErrorType::MalformedResponse,
                  "the answer is JSON, but has nothing that an answer of this endpoint has");
    } else if (!odd_.empty()) {
        set_error(call, ErrorType::MalformedResponse,
                  fmt::format("\"{}\" is of a type that it has in no answer of this endpoint", odd_));
    } else if (body_ == Body::Ignored) {
        if (!complete) call.status = Status::Partial;
    } else if (cut_) {
        set_error(call, ErrorType::Connection, "the connection broke before the answer was complete");
    } else if (stream && !over() && !array_parser_.finished() && !stream_is_whole()) {
        if (complete && body_ == Body::Events && events_ == 0 && !event_stream_) {
            set_error(call, ErrorType::MalformedResponse,
                      "the answer is neither JSON nor a stream of events");
        } else if (complete) {
            set_error(call, ErrorType::Connection, "the stream ended before the answer was complete");
        }
        // Some of an answer is a part of it, nothing is a failure.
        if (answer_.has_output() || !complete) call.status = Status::Partial;
    } else if (stream && says_only_that_it_is_over()) {
        set_error(call, ErrorType::MalformedResponse, "the stream is over without anything of an answer");
    } else if (answer_.cut_short()) {
        call.status = Status::Partial;
    }
}

void AnswerReader::hide_echoes(Call& call) const {
    for (std::string* const text :
         {&call.provider.request_id, &call.provider.region, &call.provider.api_version,
          &call.provider.service_tier, &call.response.id, &call.model.served})
        *text = secrets_.without_secrets(std::move(*text));
}

void AnswerReader::end(bool complete, Call& call) {
    flushing_ = true;
    complete_ = complete;
    if (body_ == Body::Events) {
        events_parser_.finish(on_sse_);
    } else if (body_ == Body::Lines) {
        line_parser_.finish(on_element_);
    } else if (body_ == Body::Document || body_ == Body::Unknown) {
        read_document(complete);
    }
    if (is_stream()) call.response.chunks = events_;
    if (events_parser_.oversized() + array_parser_.oversized() + line_parser_.oversized() != 0)
        call.privacy.truncated["response.messages"] = {};
    hide_echoes(call);  // before the advice of an error repeats one
    set_status(complete, call);
    answer_.move_to(call);
    on_end(call);
    hide_echoes(call);
    counts_.fill(call);
}

std::unique_ptr<ResponseReader> make_generic_reader(const RequestView& request,
                                                    const ResponseView& response) {
    return std::make_unique<GenericReader>(request, response);
}

std::unique_ptr<ResponseReader> make_verbatim_reader(const RequestView& request,
                                                     const ResponseView& response) {
    return std::make_unique<VerbatimReader>(request, response);
}

void read_unknown_request(const RequestView& request, std::string_view record_name, Call& call) {
    call.kind = Kind::Span;
    call.name = fmt::format("{} {}", request.method, request.path);
    if (!record_name.empty()) call.provider.name = record_name;
}

}  // namespace steno::providers
