#include "net/byte_stream.hpp"

#include "net/connection.hpp"

#include <algorithm>
#include <optional>

namespace steno::net {

struct ByteStream::Impl {
    boost::intrusive_ptr<Connection> connection;
    std::chrono::nanoseconds write_stall;
    std::size_t given = 0;  ///< bytes of the input that the caller still looks at
};

ByteStream::ByteStream(Connection& connection, std::chrono::nanoseconds write_stall)
    : impl_(std::make_unique<Impl>(&connection, write_stall)) {}

ByteStream::~ByteStream() {
    close();
}

Connection& ByteStream::connection() {
    return *impl_->connection;
}

Task<Result<std::string_view>> ByteStream::read_some(std::chrono::nanoseconds patience) {
    Connection& connection = *impl_->connection;
    connection.consume(std::exchange(impl_->given, 0));
    if (connection.input().empty()) connection.start_read();
    if (connection.input().empty() && !connection.gone() && patience.count() > 0)
        (void)co_await connection.more_input(Loop::in(patience), Connection::Late::Tell);
    if (const std::string_view input = connection.input(); !input.empty()) {
        impl_->given = input.size();
        co_return input;
    }
    if (connection.ended() != Connection::End::None) co_return std::unexpected(connection.ending("the peer"));
    if (connection.peer_closed()) co_return std::string_view{};
    co_return fail(Code::DeadlineExceeded, "nothing came in time");
}

Task<Result<void>> ByteStream::write(std::string_view bytes) {
    Connection& connection = *impl_->connection;
    if (connection.ended() != Connection::End::None) co_return std::unexpected(connection.ending("the peer"));
    co_return co_await connection.flush(bytes, impl_->write_stall);
}

void ByteStream::finish() {
    impl_->connection->try_flush();
    impl_->connection->shutdown_send();
}

void ByteStream::close() {
    impl_->connection->try_flush();
    impl_->connection->end(Connection::End::Cancelled);
}

namespace {

/// One way through the tunnel.
struct Way {
    Side side;  ///< where the bytes come from
    Connection& from;
    Connection& to;
    bool finished = false;  ///< `to` has been told that nothing more comes
};

TunnelEnd::Why why_of(const Connection& connection) {
    switch (connection.ended()) {
        case Connection::End::None:
            return TunnelEnd::Why::Closed;
        case Connection::End::Broken:
            return TunnelEnd::Why::Broken;
        case Connection::End::Deadline:
            return TunnelEnd::Why::Stalled;
        case Connection::End::Cancelled:
            break;
    }
    return TunnelEnd::Why::Stopped;
}

/// Moves what can be moved one way. True when something did.
Task<bool> advance(Way& way, const TunnelWatch& watch) {
    if (way.finished) co_return false;
    if (!way.from.input_full()) way.from.start_read();
    const bool nobody_takes_it = way.to.ended() != Connection::End::None;
    if (way.to.pending_output() > 0 && !nobody_takes_it) co_return false;
    if (const std::string_view piece = way.from.input(); !piece.empty()) {
        co_await watch(way.side, piece);
        if (way.to.ended() == Connection::End::None) {
            way.to.output().append(piece);
            way.to.try_flush();
        }
        way.from.consume(piece.size());
        co_return true;
    }
    if (!way.from.gone()) co_return false;
    co_await watch(way.side, {});
    way.to.shutdown_send();
    way.finished = true;
    co_return true;
}

}  // namespace

Task<TunnelEnd> tunnel(ByteStream& client_stream, ByteStream& upstream_stream, TunnelLimits limits,
                       TunnelWatch watch) {
    Connection& client = client_stream.connection();
    Connection& upstream = upstream_stream.connection();
    upstream.wake_instead(&client);
    struct Unlink {
        Connection& connection;
        ~Unlink() { connection.wake_instead(nullptr); }
    } unlink{upstream};

    Way up{Side::Client, client, upstream};
    Way down{Side::Upstream, upstream, client};
    std::optional<TunnelEnd> end;
    std::int64_t moved_at = Loop::now();
    std::size_t pending = 0;
    for (;;) {
        bool moved = false;
        for (Way* const way : {&up, &down}) {
            // Both are asked in every turn, so that neither direction can starve the other.
            if (co_await advance(*way, watch)) moved = true;
            if (!end && way->finished) end = TunnelEnd{way->side, why_of(way->from)};
        }
        // To a client that is gone nothing can be said, and a program that stops has no time.
        for (const auto& [side, connection] :
             {std::pair{Side::Client, &client}, {Side::Upstream, &upstream}}) {
            const auto why = why_of(*connection);
            const bool over =
                why == TunnelEnd::Why::Stopped || (side == Side::Client && why != TunnelEnd::Why::Closed);
            if (over) co_return end.value_or(TunnelEnd{side, why});
        }
        if (up.finished && down.finished) co_return *end;
        if (moved) {
            moved_at = Loop::now();
            continue;
        }
        const std::size_t left = client.pending_output() + upstream.pending_output();
        if (left != pending) moved_at = Loop::now();
        pending = left;
        const std::chrono::nanoseconds patience = left > 0 ? limits.write_stall
                                                  : end    ? limits.half_closed
                                                           : limits.idle;
        const std::int64_t deadline = moved_at + patience.count();
        if (Loop::now() >= deadline) {
            if (end) co_return *end;
            if (left == 0) co_return TunnelEnd{Side::Client, TunnelEnd::Why::Idle};
            co_return TunnelEnd{client.pending_output() > 0 ? Side::Client : Side::Upstream,
                                TunnelEnd::Why::Stalled};
        }
        co_await client.wait_until(deadline);
    }
}

}  // namespace steno::net
