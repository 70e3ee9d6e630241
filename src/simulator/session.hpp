#pragma once

#include "net/http_server.hpp"
#include "simulator/dice.hpp"
#include "simulator/knobs.hpp"
#include "simulator/web_socket.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The simulated providers' sessions over a WebSocket, one function each.
namespace steno::simulator {

/// What a session runs on: the socket, its draws, and the pace.
struct Session {
    WebSocket& socket;
    Dice dice;
    std::string_view path;  ///< below the provider's name
    std::string_view query;
    const net::Headers& headers;
    std::uint64_t seed;
    double speed;
    const std::atomic<bool>& stopping;

    /// Between two pieces of an answer.
    net::Task<void> pace(const Knobs& knobs) {
        const std::int64_t drawn = dice.between(20, 60);
        const std::int64_t lively = static_cast<std::int64_t>(static_cast<double>(drawn) * speed);
        if (const std::int64_t ms = knobs.chunk_delay_ms.value_or(lively); ms > 0)
            co_await net::sleep_for(std::chrono::milliseconds(ms));
    }
    [[nodiscard]] bool over() const { return socket.ended() || stopping; }
    /// The client's next message; nothing when the session is over.
    net::Task<std::optional<std::string>> next() {
        constexpr std::chrono::milliseconds kTurn{500};
        while (!over()) {
            if (auto message = co_await socket.read(kTurn)) co_return message;
        }
        co_return std::nullopt;
    }
};

/// Whether somebody here holds sessions at that path.
bool has_session(std::string_view path);
/// Accepts the WebSocket, or refuses it where a knob in the head says so, and holds the session to its end.
net::Task<void> serve_session(net::ServerExchange& exchange, std::string_view path, std::uint64_t seed,
                              double speed, const std::atomic<bool>& stopping);

net::Task<void> hold_openai_realtime(Session& session);
net::Task<void> hold_responses(Session& session);
net::Task<void> hold_gemini_live(Session& session);

}  // namespace steno::simulator
