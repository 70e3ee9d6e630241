#pragma once

#include "net/byte_stream.hpp"
#include "net/content_coding.hpp"
#include "providers/multipart.hpp"
#include "providers/realtime.hpp"
#include "providers/stream_usage.hpp"
#include "sources/gateway/gateway.hpp"
#include "sources/gateway/refusal.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::gateway {

/// One exchange on its way through: lives on one loop, for as long as the client's request does.
class Gateway::Relay {
  public:
    Relay(Gateway& gateway, net::ServerExchange& client, const Upstream& upstream,
          const providers::ProviderRow& provider);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    net::Task<void> run();

  private:
    void begin_call();
    /// Does the work of recording, beside the loop if the call is large, by itself or with so many bytes
    /// more: nothing of the relay may be touched meanwhile. False: it ended by an exception (there was no
    /// memory for it), and the call is not recorded further.
    net::Task<bool> done(std::function<void()> work, std::uint64_t more = 0);
    /// The same here and now.
    bool attempt(const std::function<void()>& work);
    /// The bytes pass on all the same. A record that was begun ends as a failure of ours.
    void stop_recording(std::string_view why);
    /// Request or answer are so large that what is done to them would hold up the loop.
    [[nodiscard]] bool is_large(std::uint64_t more = 0) const;
    /// An experiment runs for calls like this, and nobody has assigned it before.
    bool is_up_for_an_experiment();
    /// Makes the request that of a variant, beside the loop where that is much. An experiment never ends a
    /// call.
    net::Task<void> try_experiment();
    /// So that take_part can be asked; waits a second at most.
    net::Task<void> wait_for_experiment();
    /// Memory for the client's request beside the edited one. False: there is none now; to wait for it would
    /// hold up a call for an experiment.
    bool make_room_beside(std::uint64_t bytes);
    /// Whatever fails leaves the request as it is, and says why on the call.
    void take_part() noexcept;
    /// Why nobody may edit this request; "": it may be tried.
    [[nodiscard]] std::string_view uneditable() const;
    /// Understands the request, unless that was done.
    void read_call();
    /// Sets aside what the call may cost; its request is understood then. Absent: it may go.
    std::optional<OverBudget> reserve();
    [[nodiscard]] bool may_cost() const;
    /// Writes the opening record, unless it is written.
    void begin_record();
    /// The request as it goes upstream.
    Result<void> prepare(net::RequestHead& outgoing);
    [[nodiscard]] providers::RequestView request_view(std::string_view body) const;
    void read_request(std::string_view body);
    /// Whether the record may have this kind, that the client gave, and not the one that was found.
    [[nodiscard]] bool may_be_called(Kind given) const;
    /// raw.request of a body with files in it, or that is one: of those only what tells which they were; and
    /// of a form with credentials, which are masked. False if it is none of these.
    bool keep_files(const providers::Form& form, std::string_view body);
    net::RequestHead upstream_request() const;
    /// For an upstream that is AWS's.
    Result<void> sign(net::RequestHead& outgoing);
    /// What goes upstream in place of the body, so that the stream reports its usage.
    std::optional<std::string> asking_for_usage();
    [[nodiscard]] const std::string& sent_body() const { return asking_ ? *asking_ : body_; }
    void read_head(const net::ResponseHead& head);
    /// Takes a copy of what passes: decoded, understood, timed.
    void watch(std::string_view bytes);
    void understand(std::string_view bytes);
    /// The piece as the client is to see it; valid until the next call.
    std::string_view for_client(std::string_view bytes, bool end_of_body);
    void keep_raw_response(std::string_view bytes);
    /// At the end of a body: is there less of it than its content coding says?
    [[nodiscard]] bool coding_broke_off() const { return decoder_ && !undecodable_ && !decoder_->whole(); }
    /// What the answer told, into the call.
    void finish_reading(bool complete);
    /// Records the results of a batch that have come, each as a call of its own below this one.
    void record_further_calls();
    net::ResponseHead client_head(const net::ResponseHead& head) const;

    /// Waits until the body has room in memory. False: there was none for so long that the call was refused.
    net::Task<bool> make_room(std::uint64_t bytes);
    net::Task<void> relay_answer(net::ClientExchange& answer);
    net::Task<void> answer_failed(net::ClientError error);
    /// Answers in the provider's place. The remedy goes to client and record, and in the record before the
    /// advice that the type alone would give.
    net::Task<void> refuse_with(int status, ErrorType type, Error error);
    net::Task<void> refuse_over(OverBudget over);
    net::Task<void> answer_with(Refusal refusal);
    net::Task<void> wait_until_durable(std::optional<journal::Position> position);

    /// relay_session.cpp: a request for a WebSocket, and what passes over it.
    [[nodiscard]] bool asks_for_web_socket() const;
    net::Task<void> run_session(net::RequestHead outgoing);
    net::Task<void> relay_session(net::ByteStream& client, net::ByteStream& upstream);
    void count_end(const Call& session);

    /// relay_end.cpp: the endings, to be called by done(). Each writes the one closing record; the first one
    /// counts.
    void end_answered();
    void end_failed(ErrorType type, std::string message, std::string advice = {});
    net::Task<void> end_cancelled();
    void end_cancelled_by(net::ServerExchange::Gone why);
    void end_record();
    /// After the reader's end.
    void estimate(bool cut);

    /// "" for an upstream without a URL.
    [[nodiscard]] std::string host() const {
        return upstream_.remedy.empty() ? upstream_.url.host_header() : std::string();
    }
    [[nodiscard]] std::atomic<TellsUsage>& tells_usage() const {
        const std::string& provider = upstream_.provider.empty() ? upstream_.name : upstream_.provider;
        return gateway_.tells_usage_.find(provider)->second;
    }
    [[nodiscard]] bool recording() const { return recording_; }

    Gateway& gateway_;
    net::ServerExchange& client_;
    const Upstream& upstream_;
    const providers::ProviderRow& provider_;

    net::RequestHead request_;                ///< as it goes upstream
    std::string body_;                        ///< as it goes upstream
    std::optional<std::string> client_body_;  ///< as it came, where that is another; until it is recorded
    std::optional<BodyBudget::Share> share_;  ///< of the memory for bodies
    Uuid id_;
    std::vector<std::string> warnings_;
    std::unique_ptr<Call> call_;  ///< until it is begun
    bool call_read_ = false;
    std::optional<Reservation> reservation_;
    std::optional<ingest::OpenCall> open_;
    std::unique_ptr<Call> context_;  ///< of a session: what its calls have from the client's headers
    std::unique_ptr<providers::SessionReader> session_reader_;
    bool recording_;  ///< false: not wanted, or not possible any more
    bool ended_ = false;

    std::int64_t started_ = 0;  ///< steady
    std::unique_ptr<providers::ResponseReader> reader_;
    std::unique_ptr<net::Decoder> decoder_;
    std::string plain_;                                  ///< decoded bytes of the piece at hand
    std::optional<std::string> asking_;                  ///< sent in place of the body: see asking_for_usage
    std::optional<providers::UsageChunkFilter> filter_;  ///< of what comes back for it
    std::string filtered_;                               ///< of the piece at hand
    std::string raw_response_;                           ///< with KeepRaw::All
    std::uint64_t read_bytes_ = 0;                       ///< of the answer, decoded
    bool undecodable_ = false;
    bool first_token_ = false;
    net::CancelHandle cancel_;
};

}  // namespace steno::gateway
