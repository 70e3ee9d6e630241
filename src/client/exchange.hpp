#pragma once

#include "base/time.hpp"
#include "net/content_coding.hpp"
#include "providers/provider.hpp"
#include "record/call.hpp"
#include "steno/call.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One request to a provider and its answer, as they pass through a program's HTTP client: read by the same
/// parsers as the gateway's, and recorded as a call. What C++ (steno/http.hpp) and Python make of the traffic
/// that they see.
namespace steno::client {

/// An address of the program's own that speaks a provider's language.
struct ProviderBase {
    std::string_view upstream;  ///< the provider's name, a row of providers::provider_table() or another
    std::size_t length = 0;     ///< of the path's beginning, behind which the provider's own paths begin
};

/// By one thread at a time. What it is told may throw for want of memory alone (`guarded`).
class Exchange {
  public:
    using Headers = std::vector<std::pair<std::string, std::string>>;
    struct Request {
        std::string method;
        std::string host;  ///< as in the Host header
        std::string path;
        std::string query;  ///< without '?'
        Headers headers;
        std::string body;  ///< as sent
    };

    /// Null: this goes to no provider, is no AI call (a list of models), or goes to a gateway that records
    /// it. Without `base` the host must be a provider's own.
    static std::unique_ptr<Exchange> recognise(Request request, std::optional<ProviderBase> base,
                                               Source source);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// The call that it is begins; `began`, on both clocks, if that was before.
    struct Began {
        Timestamp at;
        std::int64_t steady = 0;
    };
    void begin(const Context& context, std::optional<Began> began = std::nullopt);
    /// Its id; empty if it is not recorded, or is on the record already.
    [[nodiscard]] std::string id() const;

    /// The head of the answer. The first one counts. One that a Steno gateway has passed on is on the record
    /// already: then this call is forgotten.
    void response(int status, Headers headers);
    /// The next bytes of the answer as they came over the wire, content coding and all.
    void body(std::string_view bytes);
    /// The body is whole. What comes afterwards is ignored, here and below.
    void end();
    /// It broke. What the provider said before says more than how it ended, and an answer that was over is
    /// none that broke.
    void fail(ErrorType type, std::string message);
    [[nodiscard]] bool is_over() const { return over_; }

    /// Once it is over, one of these, once. The call with all that was read, to be ended:
    CallScope take();
    /// … or its facts as part of `call`, instead of a call of its own;
    void add_to(CallScope& call);
    /// … or as if it had never begun (also before it is over).
    void discard();

  private:
    Exchange(Request request, providers::ProviderRow provider, std::string_view below, Source source);
    [[nodiscard]] providers::RequestView view() const;
    void undo_content_coding();
    void hide_credentials();
    void finish();

    Request request_;
    const std::string upstream_;  ///< which the row of an unknown provider is a view of
    const std::string below_;     ///< the path below the provider's base
    const providers::ProviderRow provider_;
    Call facts_;
    std::optional<CallScope> scope_;
    Headers headers_;  ///< of the answer
    std::unique_ptr<providers::ResponseReader> reader_;
    std::unique_ptr<net::Decoder> decoder_;
    std::string plain_;
    std::int64_t first_token_ = 0;  ///< steady; 0: none yet
    bool undecodable_ = false;
    bool over_ = false;
    bool on_record_ = false;  ///< by a gateway
};

}  // namespace steno::client
