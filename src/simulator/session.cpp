#include "simulator/session.hpp"

#include "simulator/errors.hpp"
#include "simulator/reply.hpp"

#include <algorithm>

namespace steno::simulator {

namespace {

struct Held {
    std::string_view path_end;
    Vendor vendor;
    std::string_view protocol;  ///< that the client may offer
    net::Task<void> (*hold)(Session&);
};

constexpr Held kHeld[] = {
    {"/realtime", Vendor::OpenAi, "realtime", &hold_openai_realtime},
    {"/v1/responses", Vendor::OpenAi, "", &hold_responses},
    {"BidiGenerateContent", Vendor::Gemini, "", &hold_gemini_live},
};

const Held* find_held(std::string_view path) {
    const auto found =
        std::ranges::find_if(kHeld, [&](const Held& one) { return path.ends_with(one.path_end); });
    return found == std::end(kHeld) ? nullptr : found;
}

}  // namespace

bool has_session(std::string_view path) {
    return find_held(path) != nullptr;
}

net::Task<void> serve_session(net::ServerExchange& exchange, std::string_view path, std::uint64_t seed,
                              double speed, const std::atomic<bool>& stopping) {
    const Held& held = *find_held(path);
    Knobs knobs;
    Dice dice(seed);
    const auto set = set_from_headers(knobs, exchange.head().headers);
    const std::string kind(set ? wanted_error(knobs, false) : "invalid");
    if (!kind.empty()) {
        const Reply reply = error_reply(held.vendor, kind, knobs, dice, "", set ? "" : set.error().message);
        net::ResponseHead head{reply.status, {}, reply.headers};
        head.headers.add("content-type", reply.content_type);
        co_await exchange.respond(head, reply.frames.front());
        co_return;
    }
    const auto socket = co_await WebSocket::accept(exchange, held.protocol);
    if (!socket) co_return;
    Session session{*socket, dice,  path,    exchange.head().query(), exchange.head().headers,
                    seed,    speed, stopping};
    co_await held.hold(session);
    if (stopping) socket->cut();
}

}  // namespace steno::simulator
