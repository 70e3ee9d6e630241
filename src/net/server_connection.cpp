#include "net/server_connection.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace steno::net {
namespace {

/// An unread body up to this size is read away to keep the connection.
constexpr std::uint64_t kDrain = 64 * 1024;
/// Pieces up to this size are copied behind what waits to be sent; larger ones are sent from where they are.
constexpr std::size_t kCopy = 16 * 1024;
constexpr std::size_t kHighWater = 64 * 1024;
constexpr std::chrono::seconds kLinger{5};

std::unexpected<Error> client_has_gone() {
    return fail(Code::Cancelled, "the client has gone");
}

}  // namespace

void ServerConnection::on_input() {
    if (in_exchange_ && client_gone() && on_gone_) {
        const auto callback = std::exchange(on_gone_, nullptr);
        callback();
    }
    wake();
}

ServerExchange::Gone ServerConnection::gone() const {
    if (peer_closed()) return Gone::Client;
    switch (ended()) {
        case End::None:
            return Gone::No;
        case End::Broken:
            return Gone::Client;
        case End::Deadline:
            return Gone::Stalled;
        case End::Cancelled:
            break;
    }
    return Gone::Stopped;
}

void ServerConnection::on_client_gone(std::function<void()> callback) {
    on_gone_ = std::move(callback);
    if (!on_gone_) return;
    if (!client_gone()) return watch_client();
    asio::post(loop().context, [self = boost::intrusive_ptr<ServerConnection>(this)] { self->on_input(); });
}

void ServerConnection::watch_client() {
    // Bytes of the next request or of an unread body say that the client is there; they wait for their turn.
    if (input().empty()) start_read();
}

Task<void> ServerConnection::serve() {
    set_input_limit(server_->options.max_head_bytes + 4096);
    for (;;) {
        const HeadOutcome outcome = co_await read_head();
        if (outcome != HeadOutcome::Complete) co_return;
        in_exchange_ = true;
        co_await run_handler();
        on_gone_ = nullptr;
        if (upgraded_) co_return;
        const bool orderly = ended() == End::None && (finished_ || !head_sent_);
        if (orderly && !head_sent_) {
            ResponseHead answer;
            answer.status = 500;
            answer.headers.add("Content-Type", "text/plain; charset=utf-8");
            (void)co_await respond(answer, "The server gave no answer to this request.\n");
        }
        if (!orderly) {
            abort();
            co_return;
        }
        if (!keep_alive_ || !co_await drain_body()) {
            co_await linger();
            co_return;
        }
        in_exchange_ = false;
        if (server_->stopping) {
            shutdown_send();
            end(End::Cancelled);
        }
        if (ended() != End::None) co_return;
    }
}

Task<void> ServerConnection::run_handler() {
    if (body_done_) {
        shrink_input();
        watch_client();
    }
    try {
        co_await server_->handler(*this);
    } catch (const std::exception& e) {
        log::error("a request handler ended by an exception: {}", e.what());
    } catch (...) {
        log::error("a request handler ended by an unknown exception");
    }
}

Task<ServerConnection::HeadOutcome> ServerConnection::read_head() {
    head_.method.clear();
    head_.target.clear();
    head_.headers.remove_if([](const Headers::Field&) { return true; });
    parser_.emplace(server_->options.max_head_bytes, head_);
    head_sent_ = finished_ = false;
    bool begun = false;
    std::int64_t deadline = Loop::in(server_->options.idle);
    for (;;) {
        // An empty line before a request is forgiven (RFC 9112, section 2.2).
        while (!begun && (input().starts_with('\r') || input().starts_with('\n'))) consume(1);
        if (!input().empty()) {
            if (!begun) deadline = Loop::in(server_->options.head_time);
            begun = true;
            wire::error_code error;
            consume(parser_->put({input().data(), input().size()}, error));
            if (error == wire::http::error::header_limit) {
                co_await refuse(431, "The head of this request is too large.\n");
                co_return HeadOutcome::Rejected;
            }
            if (error && error != wire::http::error::need_more) {
                co_await refuse(400, "This is not a valid HTTP/1.1 request.\n");
                co_return HeadOutcome::Rejected;
            }
            if (parser_->is_header_done()) break;
        }
        if (co_await more_input(deadline)) continue;
        if (!input_full() || client_gone()) co_return HeadOutcome::Closed;
        co_await refuse(431, "The head of this request is too large.\n");
        co_return HeadOutcome::Rejected;
    }
    if (const int status = examine_head(); status != 0) {
        co_await refuse(status,
                        "This is not a valid HTTP/1.1 request: its Host or its framing is missing or "
                        "ambiguous.\n");
        co_return HeadOutcome::Rejected;
    }
    co_return HeadOutcome::Complete;
}

int ServerConnection::examine_head() {
    int hosts = 0;
    int codings = 0;
    bool plainly_chunked = true;
    expects_continue_ = false;
    for (const auto& [name, value] : head_.headers) {
        if (name.size() == 4 && equals_ignoring_case(name, "host")) ++hosts;
        if (name.size() == 17 && equals_ignoring_case(name, "transfer-encoding")) {
            ++codings;
            plainly_chunked = plainly_chunked && equals_ignoring_case(trim(value), "chunked");
        }
        if (name.size() == 6 && equals_ignoring_case(name, "expect")) {
            expects_continue_ = equals_ignoring_case(value, "100-continue");
        }
    }
    const bool http11 = parser_->version() == 11;
    if (hosts > 1 || (http11 && hosts == 0)) return 400;
    // A transfer coding that is not plain chunking, or one in HTTP/1.0, is how requests are smuggled.
    if (codings > 1 || (codings == 1 && !(plainly_chunked && parser_->chunked() && http11))) return 400;
    if (!http11) expects_continue_ = false;
    keep_alive_ = parser_->keep_alive();
    body_left_ = parser_->chunked() ? 0 : parser_->content_length().value_or(0);
    body_taken_ = 0;
    body_done_ = !parser_->chunked() && body_left_ == 0;
    proxy_target_.reset();
    if (head_.method == "CONNECT") {
        proxy_target_ = Endpoint::parse(head_.target);
        if (!proxy_target_) return 400;
    } else if (!intercepted_ && head_.target.starts_with("http://")) {
        if (const auto url = BaseUrl::parse(head_.target.substr(0, head_.target.find('/', 7))))
            proxy_target_ = url->endpoint;
    }
    // The absolute form, which a server must understand (RFC 9112, section 3.2.2).
    if (head_.target.starts_with("http://") || head_.target.starts_with("https://")) {
        const std::size_t path = head_.target.find('/', head_.target.find("://") + 3);
        head_.target = path == std::string::npos ? "/" : head_.target.substr(path);
    }
    return 0;
}

bool ServerConnection::take_body(std::string* into) {
    if (body_done_) return true;
    if (!parser_->chunked()) {
        const std::string_view piece =
            input().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, input().size())));
        if (into != nullptr) into->append(piece);
        body_left_ -= piece.size();
        body_taken_ += piece.size();
        consume(piece.size());
        body_done_ = body_left_ == 0;
        return true;
    }
    std::string_view piece;
    wire::error_code error;
    const std::size_t used = parser_->decode_chunks(input_data(), input().size(), piece, error);
    if (into != nullptr) into->append(piece);
    body_taken_ += piece.size();
    consume(used);
    body_done_ = parser_->is_done();
    return !error;
}

Task<Result<std::string>> ServerConnection::read_body(std::uint64_t limit, BodyRoom room) {
    std::string body;
    if (body_done_) co_return body;
    auto too_large = [&] {
        keep_alive_ = false;
        return fail(Code::ResourceExhausted, fmt::format("the request body is larger than {} bytes", limit));
    };
    if (body_left_ > limit) co_return too_large();
    // All of it, since growing would copy it again and again; memory is taken as it is written to.
    body.reserve(static_cast<std::size_t>(body_left_));
    if (std::exchange(expects_continue_, false) && input().empty()) {
        output().append("HTTP/1.1 100 Continue\r\n\r\n");
        try_flush();
    }
    for (;;) {
        if (!take_body(&body)) {
            keep_alive_ = false;
            co_return fail(Code::InvalidArgument, "the chunked coding of the request body is broken");
        }
        if (body.size() > limit) co_return too_large();
        if (body_done_) break;
        if (body.size() > room.free) {
            room.free = UINT64_MAX;
            if (!co_await room.make())
                co_return fail(Code::Unavailable, "there is no room for the request body");
        }
        if (co_await more_input(Loop::in(server_->options.body_stall), Late::Tell)) continue;
        if (client_gone()) co_return client_has_gone();
        keep_alive_ = false;
        if (late()) {
            co_return fail(Code::DeadlineExceeded,
                           fmt::format("the client sent nothing more of its request body for {} ms",
                                       server_->options.body_stall.count()));
        }
        co_return fail(Code::InvalidArgument, "a chunk of the request body has an endless head");
    }
    watch_client();
    co_return body;
}

Task<bool> ServerConnection::drain_body() {
    const std::uint64_t before = body_taken_;
    const std::int64_t deadline = Loop::in(kLinger);
    while (!body_done_) {
        if (!take_body(nullptr) || body_taken_ - before > kDrain) co_return false;
        if (!body_done_ && !co_await more_input(deadline)) co_return false;
    }
    co_return true;
}

Task<void> ServerConnection::linger() {
    (void)co_await flush({}, server_->options.write_stall);
    shutdown_send();
    if (!body_done_) {
        const std::int64_t deadline = Loop::in(kLinger);
        do consume(input().size());
        while (co_await more_input(deadline));
    }
    close();
}

Task<void> ServerConnection::refuse(int status, std::string_view words) {
    ResponseHead answer;
    answer.status = status;
    answer.headers.add("Content-Type", "text/plain; charset=utf-8");
    answer.headers.add("Date", std::string(loop().date()));
    output().clear();
    wire::append_response(output(), answer,
                          fmt::format("Content-Length: {}\r\nConnection: close\r\n", words.size()));
    output().append(words);
    body_done_ = false;  // whatever else arrives is not looked at
    co_await linger();
}

Result<void> ServerConnection::begin_answer(const ResponseHead& head,
                                            std::optional<std::uint64_t> content_length) {
    if (head_sent_) return fail(Code::FailedPrecondition, "the head of this answer has been sent already");
    if (head.status < 200 || head.status > 999 || !wire::is_safe(head.headers)) {
        return fail(Code::InvalidArgument, "the head of this answer holds a value that HTTP cannot carry");
    }
    if (ended() != End::None) return client_has_gone();
    const bool http11 = parser_->version() == 11;
    const bool never_body = head.status == 204;
    bodyless_ = never_body || head.status == 304 || head_.method == "HEAD";
    if (!body_done_ && (parser_->chunked() || expects_continue_ || body_left_ > kDrain)) keep_alive_ = false;
    if (server_->stopping) keep_alive_ = false;

    char lines[128];
    char* end = lines;
    framing_ = wire::Framing::None;
    if (content_length && !never_body) {
        end = fmt::format_to(end, "Content-Length: {}\r\n", *content_length);
        framing_ = wire::Framing::Length;
        answer_left_ = *content_length;
    } else if (!bodyless_ && http11) {
        end = fmt::format_to(end, "Transfer-Encoding: chunked\r\n");
        framing_ = wire::Framing::Chunked;
    } else if (!bodyless_) {
        framing_ = wire::Framing::UntilClose;
        keep_alive_ = false;
    }
    if (!keep_alive_) {
        end = fmt::format_to(end, "Connection: close\r\n");
    } else if (!http11) {
        end = fmt::format_to(end, "Connection: keep-alive\r\n");
    }
    if (!head.headers.has("date")) end = fmt::format_to(end, "Date: {}\r\n", loop().date());
    wire::append_response(output(), head, {lines, static_cast<std::size_t>(end - lines)});
    head_sent_ = true;
    return {};
}

Task<Result<void>> ServerConnection::flush_answer(std::string_view tail) {
    if (tail.empty() && flushed_at_once()) co_return Result<void>{};
    auto sent = co_await flush(tail, server_->options.write_stall);
    if (!sent && ended() != End::Deadline) co_return client_has_gone();
    co_return sent;
}

Task<Result<void>> ServerConnection::write_head(const ResponseHead& head,
                                                std::optional<std::uint64_t> content_length) {
    STENO_CO_TRY(begin_answer(head, content_length));
    flush_soon();
    co_return Result<void>{};
}

Task<Result<void>> ServerConnection::write(std::string_view piece) {
    if (!head_sent_ || finished_)
        co_return fail(Code::FailedPrecondition, "not between the head and the end");
    if (ended() != End::None) co_return client_has_gone();
    if (piece.empty() || bodyless_) co_return Result<void>{};
    if (framing_ == wire::Framing::Length) {
        if (piece.size() > answer_left_) {
            abort();
            co_return fail(Code::InvalidArgument, "more was written than the announced content length");
        }
        answer_left_ -= piece.size();
    }
    const bool chunked = framing_ == wire::Framing::Chunked;
    if (chunked) wire::append_chunk_size(output(), piece.size());
    if (piece.size() <= kCopy) {
        output().append(piece);
    } else {
        STENO_CO_TRY(co_await flush_answer(piece));
    }
    if (chunked) output().append("\r\n");
    if (output().size() > kHighWater) co_return co_await flush_answer();
    flush_soon();
    co_return Result<void>{};
}

Task<Result<void>> ServerConnection::respond(const ResponseHead& head, std::string_view body) {
    const bool not_modified = head.status == 304 && body.empty();
    STENO_CO_TRY(begin_answer(head, not_modified ? std::nullopt : std::optional<std::uint64_t>(body.size())));
    finished_ = true;
    if (bodyless_) body = {};
    if (body.size() <= kCopy) {
        output().append(body);
        body = {};
    }
    co_return co_await flush_answer(body);
}

Task<Result<void>> ServerConnection::finish() {
    if (!head_sent_ || finished_)
        co_return fail(Code::FailedPrecondition, "not between the head and the end");
    if (framing_ == wire::Framing::Length && answer_left_ != 0 && !bodyless_) {
        abort();
        co_return fail(Code::InvalidArgument, "less was written than the announced content length");
    }
    finished_ = true;
    if (framing_ == wire::Framing::Chunked) output().append("0\r\n\r\n");
    co_return co_await flush_answer();
}

Task<Result<std::unique_ptr<ByteStream>>> ServerConnection::upgrade(const ResponseHead& head) {
    if (head_sent_ || !body_done_ || parser_->version() != 11)
        co_return fail(Code::FailedPrecondition, "this exchange cannot be upgraded");
    if (!wire::is_safe(head.headers))
        co_return fail(Code::InvalidArgument, "the head of this answer holds a value that HTTP cannot carry");
    if (ended() != End::None) co_return client_has_gone();
    ResponseHead switching = head;
    switching.status = 101;
    wire::append_response(output(), switching, "Connection: Upgrade\r\n");
    head_sent_ = finished_ = upgraded_ = true;
    on_gone_ = nullptr;
    STENO_CO_TRY(co_await flush_answer());
    co_return std::make_unique<ByteStream>(*this, server_->options.write_stall);
}

void ServerConnection::abort() {
    if (ended() != End::None) return;
    try_flush();  // what was written before the cut has been promised to leave
    end(End::Cancelled);
}

}  // namespace steno::net
