#pragma once

#include "providers/errors.hpp"
#include "providers/json_view.hpp"
#include "providers/provider.hpp"
#include "providers/request_secrets.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// What passes over the WebSocket of a provider's session: many calls over one connection. State machines
/// like the other readers: messages of both directions in, calls begun and ended out.
namespace steno::providers {

/// Where the calls of a session go as they come. What it is told of must be recorded before the message at
/// hand is passed on.
class SessionCalls {
  public:
    virtual ~SessionCalls() = default;
    /// A call begins; `facts` is what its request told: kind, name, model.requested, request.*,
    /// modality.input. The call that is returned stays where it is until `ended`, to be filled in.
    virtual Call& began(Call facts) = 0;
    /// The first thing that the model produced for it has arrived.
    virtual void first_token(Call& call) = 0;
    /// It is complete, its status too, and may be gone when this returns.
    virtual void ended(Call& call) = 0;
};

/// How a connection ended, for the calls that it left unfinished.
struct SessionEnd {
    Status status = Status::Failure;  ///< Cancelled: the client went; Interrupted: this program stops
    ErrorType type = ErrorType::Connection;
    std::string message;
};

/// Reads one session. Used by one thread at a time.
class SessionReader {
  public:
    explicit SessionReader(const RequestView& request) : secrets_(request) {}
    virtual ~SessionReader() = default;
    SessionReader(const SessionReader&) = delete;
    SessionReader& operator=(const SessionReader&) = delete;

    /// One whole message, text or binary.
    void from_client(std::string_view message, SessionCalls& calls);
    void from_server(std::string_view message, SessionCalls& calls);
    /// The connection is over: ends what is open. Once, at the end.
    virtual void end(const SessionEnd& end, SessionCalls& calls) = 0;
    /// What is known of the session itself: model, the provider's id for it as trace.session_id unless there
    /// is one, provider.rate_limit, and for a failed session the provider's own error.
    virtual void describe(Call& session) const = 0;
    /// The session's settings as they are at last, as JSON; absent if nothing is known.
    [[nodiscard]] virtual Json settings() const = 0;

    /// The provider sent something that is not what this protocol sends.
    [[nodiscard]] bool malformed() const { return malformed_; }
    /// Messages of the provider that reported an error.
    [[nodiscard]] std::int64_t errors() const { return errors_; }
    /// Calls that are not on the record, because too many others were open when they began.
    [[nodiscard]] std::int64_t left_out() const { return calls_left_out_; }
    /// Credentials in the client's messages that were not recorded.
    [[nodiscard]] std::int64_t hidden() const { return hidden_; }

  protected:
    /// Calls beyond so many at once are only counted: no program has them.
    static constexpr std::size_t kMaxOpen = 256;
    /// Text of inputs kept for the call that they will belong to.
    static constexpr std::size_t kMaxPending = 16 << 20;

    virtual void on_client(JsonValue message, SessionCalls& calls) = 0;
    virtual void on_server(JsonValue message, SessionCalls& calls) = 0;
    [[nodiscard]] ProviderError without_secrets(ProviderError error) const;
    /// Writes how the connection's end left a call of which `some` output had come.
    static void finish_as(const SessionEnd& end, bool some, Call& call);
    void count_error() { ++errors_; }
    void leave_out() { ++calls_left_out_; }
    /// One of those left out is on the record after all.
    void take_back() {
        if (calls_left_out_ > 0) --calls_left_out_;
    }
    /// An end that is told twice is the end of one call: the provider's ids of the last kMaxOpen that ended.
    void note_ended(std::string_view id);
    /// Something begins under this id, again perhaps: its end is a new one.
    void note_begun(std::string_view id) { std::erase(ended_, id); }
    [[nodiscard]] bool has_ended(std::string_view id) const;

  private:
    JsonValue parse(std::string_view message);

    RequestSecrets secrets_;
    JsonDocument document_;
    std::string without_credentials_;
    bool malformed_ = false;
    std::int64_t errors_ = 0;
    std::int64_t calls_left_out_ = 0;
    std::deque<std::string> ended_;
    std::int64_t hidden_ = 0;
};

/// The reader for the session that a request to upgrade asks for, by its path: OpenAI's Realtime API (its own
/// and Azure's: …/realtime), the Responses API over a WebSocket (…/responses), Gemini's Live API
/// (…BidiGenerateContent…). Null for any other. Fills kind, name and model.requested of `session`.
std::unique_ptr<SessionReader> make_session_reader(const RequestView& request, Call& session);

// What follows is between the files of the sessions.

/// Bytes of audio as part of a message, without the audio itself: value is {"bytes", "seconds"}; the seconds
/// only where `bytes_per_second` is known.
void describe_audio(std::string_view mime, std::uint64_t bytes, std::uint64_t bytes_per_second, Part& part);
/// How many bytes a base64 text stands for.
std::uint64_t base64_bytes(std::string_view raw_json_string);

std::unique_ptr<SessionReader> make_openai_realtime(const RequestView& request, Call& session);
std::unique_ptr<SessionReader> make_gemini_live(const RequestView& request, Call& session);
std::unique_ptr<SessionReader> make_responses_session(const RequestView& request, Call& session);

}  // namespace steno::providers
