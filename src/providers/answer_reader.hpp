#pragma once

#include "providers/answer.hpp"
#include "providers/bedrock_counts.hpp"
#include "providers/errors.hpp"
#include "providers/event_stream.hpp"
#include "providers/json_array_stream.hpp"
#include "providers/json_view.hpp"
#include "providers/line_stream.hpp"
#include "providers/provider.hpp"
#include "providers/request_secrets.hpp"
#include "providers/sse.hpp"

#include <string>
#include <string_view>

namespace steno::providers {

/// What all readers of answers share: finding out what the body is (one JSON document, server-sent events,
/// JSON lines, a JSON array that is streamed, an AWS event stream, or no JSON at all), cutting it, finding
/// errors in it wherever they stand, and the status. A provider's reader says what one event and one document
/// mean. What a provider that hosts another's models wraps around their answers is taken off before: a reader
/// sees the same events from Bedrock's InvokeModel as from the model's own provider.
class AnswerReader : public ResponseReader {
  public:
    static constexpr std::size_t kMaxDocument = 64 << 20;

    /// What a successful answer may be besides one JSON document.
    enum class Expected : unsigned char {
        Events,
        EventsOrArray,  ///< a body that begins with '[' is a stream
        EventsOrLines,  ///< several documents, one a line, are a stream whatever the content type is
        Lines,          ///< JSON lines, whatever its content type is
        Anything,       ///< it is not looked at
    };
    AnswerReader(const RequestView& request, const ResponseView& response,
                 Expected expected = Expected::Events);

    void feed(std::string_view bytes) final;
    [[nodiscard]] bool first_token_seen() const final { return answer_.has_output(); }
    [[nodiscard]] bool finished() const final { return finished_; }
    [[nodiscard]] bool over() const final { return finished_ || done_; }
    void end(bool complete, Call& call) final;

  protected:
    /// One message of a stream, one with an error in it too. Not called for "[DONE]", or after
    /// finish_stream().
    virtual void on_event(std::string_view name, JsonValue data) = 0;
    /// The whole body, if its status is that of a success; it may hold an error all the same.
    virtual void on_document(JsonValue root) = 0;
    /// Has the body what an answer of this endpoint cannot be without, be it empty? A success that has not
    /// is recorded as a malformed response, with what on_document() found. Also asked for the messages of a
    /// stream until one has: a stream that says that it is over must have told more than that.
    [[nodiscard]] virtual bool is_answer(JsonValue root) const = 0;
    /// Called by end(), when everything has been read and the answer's parts are in the call.
    virtual void on_end(Call& call) = 0;
    /// The error in a body or message, if it is one. `expected`: the status is an error's, or the event is
    /// called so. Override it where the provider's own shape is none of those that find_error (errors.hpp)
    /// knows.
    [[nodiscard]] virtual std::optional<ProviderError> error_in(JsonValue root, bool expected) const {
        return find_error(root, expected);
    }
    /// Was the stream whole, though the provider did not say that it is over?
    [[nodiscard]] virtual bool stream_is_whole() const { return answer_.all_finished(); }

    /// Is a stream's usage still to come when "[DONE]" has? Some hosts send it last. Then messages with usage
    /// are taken until this is false.
    [[nodiscard]] virtual bool awaits_usage() const { return false; }

    /// Events and lines so far that are no JSON, without one that was cut off by the end of a body.
    [[nodiscard]] std::int64_t unreadable() const {
        return unreadable_ + static_cast<std::int64_t>(line_parser_.oversized());
    }
    /// Within on_end() and stream_is_whole(): the transport brought the body to its end.
    [[nodiscard]] bool body_is_complete() const { return complete_; }
    void finish_stream() { finished_ = true; }
    void report(ProviderError error);

    // The member of that name, which is of this type in every answer of the endpoint, or is not there, or is
    // null. Where it is of another type, the answer is recorded as malformed, with what else could be read.
    [[nodiscard]] JsonValue text(JsonValue object, std::string_view name);
    [[nodiscard]] JsonValue text_or_objects(JsonValue object, std::string_view name);
    [[nodiscard]] JsonValue object(JsonValue object, std::string_view name);
    [[nodiscard]] JsonValue objects(JsonValue object, std::string_view name);  ///< a list of them
    /// A string, or a number as written.
    [[nodiscard]] std::string scalar(JsonValue object, std::string_view name);

    /// Takes the first non-empty string.
    static void keep_first(std::string& known, JsonValue value);

    Answer answer_;

  private:
    enum class Body : unsigned char { Unknown, Document, Events, Lines, Array, Messages, Ignored };
    void decide(std::string_view bytes);
    [[nodiscard]] bool is_stream() const {
        return body_ == Body::Events || body_ == Body::Lines || body_ == Body::Array ||
               body_ == Body::Messages;
    }
    void on_message(std::string_view name, std::string_view data);
    void note_odd(std::string_view name);
    /// Of an AWS event stream.
    void on_amazon_message(const EventStreamMessage& message);
    void on_amazon_error(const EventStreamMessage& message);
    void read_document(bool complete);
    /// By "[DONE]" or the end of an array, and nothing else.
    [[nodiscard]] bool says_only_that_it_is_over() const;
    void set_status(bool complete, Call& call);
    /// Takes the request's credentials out of the short facts that its answer told.
    void hide_echoes(Call& call) const;

    int status_;
    Expected expected_;
    bool event_stream_;  ///< by its content type
    bool lines_;         ///< by its content type
    ErrorHead error_head_;
    RequestSecrets secrets_;  ///< no error is recorded with them in it
    Body body_ = Body::Unknown;
    bool finished_ = false;
    bool done_ = false;      ///< "[DONE]" has come
    bool flushing_ = false;  ///< what comes now was not closed by the provider
    bool malformed_ = false;
    bool no_answer_ = false;  ///< JSON, but none of this endpoint's answers
    bool answered_ = false;   ///< of a stream: something that an answer of this endpoint has has come
    std::string odd_;         ///< the first member of another type than it should be
    std::int64_t unreadable_ = 0;
    bool complete_ = false;
    bool cut_ = false;  ///< a document that is not whole
    bool too_big_ = false;
    std::int64_t events_ = 0;
    std::string document_text_;
    JsonDocument document_;
    SseParser events_parser_;
    JsonArrayStream array_parser_;
    LineStream line_parser_;
    EventStreamParser message_parser_;
    BedrockCounts counts_;
    SseParser::Sink on_sse_;
    EventStreamParser::Sink on_amazon_message_;
    std::function<void(std::string_view)> on_element_;
    std::optional<ProviderError> error_;
};

/// For endpoints whose answers mean nothing to us: status, and the error if it is one.
std::unique_ptr<ResponseReader> make_generic_reader(const RequestView& request, const ResponseView& response);

/// For endpoints that answer with one small object, such as a number of tokens: that object is
/// response.output.
std::unique_ptr<ResponseReader> make_verbatim_reader(const RequestView& request,
                                                     const ResponseView& response);

/// kind Span, name "METHOD path", provider.name.
void read_unknown_request(const RequestView& request, std::string_view record_name, Call& call);

}  // namespace steno::providers
