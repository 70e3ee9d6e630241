#pragma once

#include "net/http_server.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace steno::simulator {

/// The server's side of a WebSocket (RFC 6455), as far as the simulated providers need it: whole messages
/// both ways. Pings are answered while it is read.
class WebSocket {
  public:
    /// Answers the request with 101, and with the first of the subprotocols offered that is `protocol`. Null
    /// when the request is no good; then it has been answered with 400.
    static net::Task<std::unique_ptr<WebSocket>> accept(net::ServerExchange& exchange,
                                                        std::string_view protocol);

    /// The next message, text or binary. Nothing within `patience` (0: none is here already), or at the end.
    net::Task<std::optional<std::string>> read(std::chrono::milliseconds patience);
    /// The client has closed it or gone: nothing more can be read or sent.
    [[nodiscard]] bool ended() const { return ended_; }

    /// `split`, if not 0, is the most bytes that a frame of the message may have.
    net::Task<void> send(std::string_view message, bool binary = false, std::size_t split = 0);
    /// The closing handshake.
    net::Task<void> close(std::uint16_t code, std::string_view reason);
    /// Breaks the connection without a word.
    void cut();

  private:
    explicit WebSocket(std::unique_ptr<net::ByteStream> stream) : stream_(std::move(stream)) {}
    net::Task<void> send_frame(unsigned opcode, std::string_view payload, bool final);
    /// Takes one frame off what has been read; false when there is none yet.
    net::Task<bool> take_frame();

    std::unique_ptr<net::ByteStream> stream_;
    std::string input_;
    std::string message_;
    std::deque<std::string> ready_;
    bool ended_ = false;
    bool close_sent_ = false;
};

}  // namespace steno::simulator
