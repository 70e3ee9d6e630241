#pragma once

#include "base/error.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What a provider's traffic means. Everything here is a state machine without sockets or clocks: bytes in,
/// facts in a Call out. One file a provider, one row in the table. Untrusted bytes: every limit is checked,
/// nothing is asserted, nothing throws; what a parser does not understand it leaves out of the Call (and
/// `raw` still has it).
namespace steno::providers {

/// Looks up a header of the message at hand, without case.
using HeaderLookup = std::function<std::optional<std::string_view>(std::string_view name)>;

/// Calls back for each header field of the message at hand, repeated ones too, with name and value as sent.
using HeaderWalk =
    std::function<void(const std::function<void(std::string_view name, std::string_view value)>& field)>;

struct RequestView {
    std::string_view method;
    std::string_view path;   ///< below the upstream's base, as sent: "/v1/chat/completions"
    std::string_view query;  ///< without '?'; may hold a key: never copied into a Call
    HeaderLookup header;
    std::string_view body;        ///< plain: content coding undone
    HeaderWalk each_header = {};  ///< may be empty: then only well-known names of keys are looked up
};

/// What is to stand in a request in place of what the client wrote there. Absent and empty: that stays.
struct RequestEdit {
    struct Text {
        std::string role;  ///< system, user, assistant
        std::string text;
    };
    std::string model = {};
    std::optional<double> temperature = {};
    std::optional<double> top_p = {};
    std::optional<std::int64_t> top_k = {};
    std::optional<std::int64_t> token_limit = {};  ///< of the answer
    std::string parameters = {};                   ///< others, as the provider names them: a JSON object
    /// How the conversation begins: each takes the place of the text that the client has there in the same
    /// role.
    std::vector<Text> texts = {};
};

struct ResponseView {
    int status = 200;
    HeaderLookup header;
};

/// Reads one answer as it arrives. Used by one thread at a time; does not keep views into what it was fed.
class ResponseReader {
  public:
    virtual ~ResponseReader() = default;

    /// The next bytes of the body, content coding undone, cut anywhere. Assembly is linear in the bytes fed.
    virtual void feed(std::string_view bytes) = 0;

    /// True once something that the model produced has arrived (text, reasoning, tool call, audio, an
    /// embedding): the moment of the first token. Role-only and empty deltas do not count.
    [[nodiscard]] virtual bool first_token_seen() const = 0;

    /// True once the provider has said that the answer is over ("[DONE]", message_stop, response.completed,
    /// the last brace of a JSON body is not it). What follows changes nothing.
    [[nodiscard]] virtual bool finished() const = 0;

    /// True once the answer is over, though its usage may still follow: a transport that ends now, or a
    /// client that goes, has cut nothing off. `finished` when nothing is awaited.
    [[nodiscard]] virtual bool over() const { return finished(); }

    /// Fills what the answer told: model.served, response.*, usage, modality.output, provider.*, error, kind
    /// where the answer decides it, time.phases where the provider reports its own times; and `status`:
    /// Success, Failure (an error body or event, also on HTTP 200), Partial (a length limit, an incomplete
    /// answer, or a stream without its proper end). `complete` is false when the transport was cut before the
    /// body's end. Called once, at the end.
    virtual void end(bool complete, Call& call) = 0;

    /// Calls of their own that the answer tells of, besides the one that it answers: the results of a batch.
    /// Each is complete and bears an id that follows from the provider's own ids, so that results which are
    /// fetched twice are on the record once. Gives those that became whole since it was last asked: after
    /// each `feed`, so that not all of a big batch are in memory, and after `end`.
    virtual std::vector<Call> further_calls() { return {}; }
};

/// The meaning of one provider's endpoints.
class Provider {
  public:
    virtual ~Provider() = default;

    /// Fills kind, name, model.requested, request.*, modality.input, client_retry and provider.name from the
    /// request. An endpoint or body that it does not know: kind Span, name "METHOD path", nothing else.
    virtual void read_request(const RequestView& request, Call& call) const = 0;

    /// A reader for the answer to that request (`call` as read_request left it). Reads request id, rate
    /// limits, processing time and so on from the head into `call` at once. Never null.
    virtual std::unique_ptr<ResponseReader> read_response(const RequestView& request,
                                                          const ResponseView& response, Call& call) const = 0;

    /// The body to send in place of the request's, so that a stream reports its usage; nullopt: it goes as it
    /// is. Otherwise the answer's stream, if it is one, holds a chunk that the client did not ask for:
    /// UsageChunkFilter (stream_usage.hpp) takes it out.
    virtual std::optional<std::string> ask_for_usage(const RequestView& /*request*/) const {
        return std::nullopt;
    }

    /// The body with `edit` in it, every other byte as it came. An error, in words that go on record: it is
    /// no request that is understood so far, or the edit does not fit it, or one of `others` would not.
    virtual Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                             std::span<const RequestEdit> others) const;
};

/// A row of the table of providers.
struct ProviderRow {
    std::string_view upstream;     ///< the name in the gateway's path: "openai"
    std::string_view record_name;  ///< provider.name in the record, as in gen_ai.provider.name
    std::string_view default_url;  ///< where the requests go unless configured; "": it has to be configured
    const Provider& (*provider)();
    std::string_view example_url = {};  ///< what it looks like, where there is no default
    bool signed_for_aws = false;        ///< its requests bear a signature of AWS's (SigV4)
};

std::span<const ProviderRow> provider_table();
/// The row of that upstream name; for any other name the OpenAI-compatible provider under that name, with no
/// default URL. That one does not know its own name: write the row's record_name to call.provider.name. The
/// row's views of an unknown name are those that were given.
ProviderRow find_provider(std::string_view upstream_name);

/// The beginning of the last user message and of the answer, for lists. Fills call.preview; empties it where
/// privacy.full_data is false, since a preview is content too.
void fill_preview(Call& call);

}  // namespace steno::providers
