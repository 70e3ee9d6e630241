#pragma once

#include "steno/call.hpp"
#include "steno/context.hpp"
#include "steno/kinds.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Calls to providers, recorded from their HTTP traffic, whichever client carries it: the same parsers as the
/// gateway's read prompt, answer, stream, tool calls, usage and errors. For libcurl there is steno/curl.hpp.
///
///     steno::HttpExchange exchange({.url = url, .headers = {{"content-type", "application/json"}},
///                                   .body = body});
///     …send it…
///     exchange.response(200, {{"content-type", "text/event-stream"}});
///     while (…read a piece…) exchange.body(piece);
///     exchange.end();
///
/// Nothing here throws, waits or changes what is sent. A request that goes to no provider, or is no AI call
/// (a list of models), costs a look at its address, and leaves no record; nor does one that goes to a Steno
/// gateway, which records it. Keys are not recorded. An object is used by one thread at a
/// time; it may be moved to another.
namespace steno {

namespace client {
class Exchange;
}

/// Name and value, as sent, repeated ones too. Views: they are to be valid while they are handed over.
using HttpHeaders = std::vector<std::pair<std::string_view, std::string_view>>;

struct HttpRequest {
    std::string_view method = "POST";
    std::string_view url;
    HttpHeaders headers = {};
    std::string_view body = {};  ///< as it is sent
    /// Where the host is not a provider's own: whose language it speaks ("openai", as in docs/providers.md;
    /// any other name: OpenAI's under that name), and what stands before that provider's own paths
    /// ("http://127.0.0.1:8000", with or without a "/v1" at its end; empty: scheme and host). A URL that does
    /// not begin with it is nobody's.
    std::string_view provider = {};
    std::string_view base_url = {};
};

class HttpExchange {
  public:
    /// A call that begins now.
    explicit HttpExchange(const HttpRequest& request) noexcept;
    HttpExchange(const HttpRequest& request, const Context& context) noexcept;
    /// Fills `call`, instead of being a call of its own: what it tells replaces what was said before. The
    /// call is to end after it.
    HttpExchange(const HttpRequest& request, CallScope& call) noexcept;
    HttpExchange(HttpExchange&& other) noexcept;
    HttpExchange& operator=(HttpExchange&&) = delete;
    /// If it has not ended, the program did not read on: recorded as cancelled.
    ~HttpExchange();

    /// False where there is nothing to record: what is told is not looked at.
    [[nodiscard]] bool recorded() const noexcept { return !id_.empty(); }
    /// Of the call that it is or fills; empty where there is none.
    [[nodiscard]] std::string id() const noexcept;

    /// The head of the answer. (Interim ones, 100 and such, are not the answer's.)
    void response(int status, const HttpHeaders& headers = {}) noexcept;
    /// The next bytes of the body, cut anywhere. If the client has undone a content coding, the head is to
    /// come without `content-encoding`.
    void body(std::string_view bytes) noexcept;
    /// The body is whole. Records the call; what is told afterwards is ignored, here and below.
    void end() noexcept;
    /// It broke: Failure::Timeout, Connection, Cancelled …; in words, without secrets.
    void fail(Failure why, std::string_view message) noexcept;

  private:
    void settle() noexcept;

    std::unique_ptr<client::Exchange> exchange_;
    CallScope* fills_ = nullptr;
    std::string id_;
};

/// The same for clients that tell their traffic as it is on the wire: heads as text, bodies as they are
/// framed (chunked, of HTTP/1.1). It may be several requests, one after another, as when a redirect is
/// followed: each that has an answer is a call.
class HttpTranscript {
  public:
    static constexpr std::size_t kMostRequest = 64u
                                                << 20;  ///< bytes of a request's body, without its framing
    struct Options {
        std::string_view provider = {};  ///< as in HttpRequest
        std::string_view base_url = {};
        /// Of a request that may never be sent, since there is no connection: it is recorded all the same.
        /// And of one that is larger than kMostRequest, of which nothing is kept as it is sent.
        std::string_view request_body = {};
    };
    /// A call, if it is one, begins now.
    HttpTranscript(const Options& options, const Context& context) noexcept;
    HttpTranscript(HttpTranscript&& other) noexcept;
    HttpTranscript& operator=(HttpTranscript&&) = delete;
    /// As ~HttpExchange.
    ~HttpTranscript();

    /// "POST /v1/messages HTTP/1.1\r\nHost: …\r\n\r\n", in any pieces. HTTP/2's are to be told as HTTP/1.1's,
    /// as libcurl does.
    void sent_head(std::string_view text) noexcept;
    void sent_body(std::string_view bytes) noexcept;
    void received_head(std::string_view text) noexcept;
    void received_body(std::string_view bytes) noexcept;

    void end() noexcept;
    /// `url`: where it was to go, in case that nothing was sent.
    void fail(Failure why, std::string_view message, std::string_view url = {}) noexcept;
    /// Of the last call; empty if there was none.
    [[nodiscard]] std::string id() const noexcept;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace steno
