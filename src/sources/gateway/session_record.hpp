#pragma once

#include "base/time.hpp"
#include "ingest/recorder.hpp"
#include "net/byte_stream.hpp"
#include "providers/realtime.hpp"
#include "providers/request_secrets.hpp"
#include "providers/web_socket.hpp"
#include "sources/gateway/spending.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace steno::gateway {

/// The record of a WebSocket session: the row of the session itself, which somebody else has begun, and one
/// call for each that passes over it, with the session's as parent. Fed with the bytes before they are passed
/// on: a call's opening record is written before the bytes that ask for it leave, its closing record before
/// the bytes that complete it do. One thread at a time.
class SessionRecord final : public providers::SessionCalls {
  public:
    /// `context` is what the client told with its x-steno-* headers; `reader` may be null: then messages are
    /// only counted. `spending`, which sets aside what each call may cost, may be null. `session`, spending
    /// and the recorder must outlive this.
    SessionRecord(ingest::Recorder& recorder, SpendingControl* spending, Call context, Call& session,
                  std::unique_ptr<providers::SessionReader> reader, providers::RequestSecrets secrets);

    void watch(net::Side from, std::string_view bytes);
    /// Ends what is open and fills in the session's call, but does not close its record. Once.
    void finish(net::TunnelEnd end, std::string_view upstream);
    /// Where the newest closing record stands, if there is one since this was asked last.
    [[nodiscard]] std::optional<journal::Position> take_position() { return std::exchange(position_, {}); }

    Call& began(Call facts) override;
    void first_token(Call& call) override;
    void ended(Call& call) override;

  private:
    struct Direction {
        providers::WebSocketReader frames;
        std::uint64_t bytes = 0;
        std::optional<std::uint16_t> code;
        std::string reason;
        bool closed = false;  ///< said so itself
    };
    struct Open {
        std::optional<Reservation> reservation;  ///< goes after the call has ended
        ingest::OpenCall call;
        std::int64_t began;  ///< steady
    };

    [[nodiscard]] providers::SessionEnd ending(net::TunnelEnd end, std::string_view upstream) const;
    [[nodiscard]] bool orderly(net::TunnelEnd end) const;
    [[nodiscard]] Json summary() const;

    ingest::Recorder& recorder_;
    SpendingControl* spending_;
    const Call context_;
    Call& session_;
    std::unique_ptr<providers::SessionReader> reader_;
    providers::RequestSecrets secrets_;  ///< not to be told by a reason for closing
    Direction client_;
    Direction server_;
    std::optional<net::Side> closed_first_;
    std::map<const Call*, Open> open_;
    std::int64_t calls_ = 0;
    std::int64_t hidden_told_ = 0;
    std::optional<journal::Position> position_;
};

}  // namespace steno::gateway
