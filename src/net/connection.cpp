#include "net/connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace steno::net {

using Self = boost::intrusive_ptr<Connection>;
using boost::system::error_code;

Connection::~Connection() {
    close();
}

void Connection::prepare_socket() {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
}

void Connection::make_room() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ < next_capacity_ || capacity_ - end_ < kSmall / 4) {
        const std::size_t used = end_ - begin_;
        std::size_t wanted = std::max(capacity_, next_capacity_);
        while (wanted - used < kSmall / 4) wanted *= 2;
        if (wanted > capacity_) {
            auto larger = std::make_unique_for_overwrite<char[]>(wanted);
            if (used > 0) std::memcpy(larger.get(), data_.get() + begin_, used);
            data_ = std::move(larger);
            capacity_ = wanted;
        } else {
            std::memmove(data_.get(), data_.get() + begin_, used);
        }
        begin_ = 0;
        end_ = used;
    }
}

void Connection::shrink_input() {
    if (capacity_ <= kSmall || reading_ || begin_ != end_) return;
    data_.reset();
    capacity_ = begin_ = end_ = 0;
    next_capacity_ = kSmall;
}

void Connection::start_read() {
    if (reading_ || gone()) return;
    make_room();
    if (tls_) return read_tls();
    reading_ = true;
    socket_.async_read_some(
        asio::buffer(data_.get() + end_, capacity_ - end_),
        [self = Self(this)](const error_code& error, std::size_t bytes) { self->read_done(error, bytes); });
}

void Connection::read_done(const error_code& error, std::size_t bytes) {
    reading_ = false;
    if (!error) {
        received(bytes);
    } else if (error == asio::error::eof) {
        peer_closed_ = true;
    } else if (error != asio::error::operation_aborted) {
        why_ = error.message();
        end(End::Broken);
    }
    on_input();
}

void Connection::received(std::size_t bytes) {
    end_ += bytes;
    // A peer that fills the buffer has more to say.
    if (end_ == capacity_) next_capacity_ = std::max(capacity_, kLarge);
}

void Connection::read_tls() {
    std::size_t got = 0;
    const TlsStream::Step step = tls_->read(data_.get() + end_, capacity_ - end_, got);
    switch (step) {
        case TlsStream::Step::Done:
            received(got);
            return;
        case TlsStream::Step::Closed:
            peer_closed_ = true;
            return;
        case TlsStream::Step::Failed:
            why_ = tls_->failure();
            end(End::Broken);
            return;
        case TlsStream::Step::WantRead:
        case TlsStream::Step::WantWrite:
            break;
    }
    reading_ = true;
    socket_.async_wait(step == TlsStream::Step::WantRead ? Socket::wait_read : Socket::wait_write,
                       [self = Self(this)](const error_code&) {
                           self->reading_ = false;
                           // A connection that was closed without an end has nothing more to read.
                           if (!self->socket_.is_open()) return self->on_input();
                           const std::size_t had = self->input().size();
                           if (!self->gone()) self->read_tls();
                           // Tickets and key updates are no input; a new wait has been started for what
                           // follows.
                           if (self->gone() || self->input().size() != had) self->on_input();
                       });
}

Task<bool> Connection::more_input(std::int64_t deadline, Late when_late) {
    const std::size_t had = input().size();
    late_ = false;
    if (input_full()) co_return false;
    // A read that was pending while nobody waited may have ended; what it brought is counted in `had`.
    start_read();
    late_ends_ = when_late == Late::End;
    while (input().size() == had && !gone() && !late_) co_await wait(deadline);
    late_ends_ = true;
    deadline_ = 0;
    co_return input().size() != had;
}

Task<void> Connection::wait_until(std::int64_t deadline) {
    late_ends_ = false;
    co_await wait(deadline);
    late_ends_ = true;
    deadline_ = 0;
}

bool Connection::send_some() {
    const std::string_view head = std::string_view(output_).substr(output_sent_);
    ssize_t sent = 0;
    if (tls_) {
        std::size_t written = 0;
        const TlsStream::Step step = tls_->write(head.empty() ? tail_ : head, written);
        if (step == TlsStream::Step::WantRead || step == TlsStream::Step::WantWrite) return false;
        if (step != TlsStream::Step::Done) {
            why_ = step == TlsStream::Step::Closed ? "closed by the peer" : tls_->failure();
            end(End::Broken);
            return true;
        }
        sent = static_cast<ssize_t>(written);
    } else {
        iovec pieces[2] = {{const_cast<char*>(head.data()), head.size()},
                           {const_cast<char*>(tail_.data()), tail_.size()}};
        msghdr message{};
        message.msg_iov = head.empty() ? pieces + 1 : pieces;
        message.msg_iovlen = head.empty() || tail_.empty() ? 1 : 2;
        sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
            if (errno == EINTR) return true;
            why_ = std::strerror(errno);
            end(End::Broken);
            return true;
        }
    }
    const std::size_t from_head = std::min(static_cast<std::size_t>(sent), head.size());
    output_sent_ += from_head;
    tail_.remove_prefix(static_cast<std::size_t>(sent) - from_head);
    if (output_sent_ == output_.size()) {
        output_.clear();
        output_sent_ = 0;
    }
    return true;
}

bool Connection::try_flush(std::string_view tail) {
    if (!tail.empty()) tail_ = tail;
    while (end_reason_ == End::None && (!output_.empty() || !tail_.empty())) {
        if (awaiting_writable_) return false;
        if (!send_some()) {
            wait_writable();
            return false;
        }
    }
    return true;
}

void Connection::wait_writable() {
    awaiting_writable_ = true;
    socket_.async_wait(Socket::wait_write, [self = Self(this)](const error_code&) {
        self->awaiting_writable_ = false;
        self->try_flush();
        self->wake();
    });
}

void Connection::flush_soon() {
    if (flush_posted_) return;
    flush_posted_ = true;
    asio::post(loop_.context, [self = Self(this)] {
        self->flush_posted_ = false;
        self->try_flush();
    });
}

Task<Result<void>> Connection::flush(std::string_view tail, std::chrono::nanoseconds stall, Early early) {
    if (try_flush(tail)) {
        tail_ = {};
        if (end_reason_ != End::None) co_return std::unexpected(ending("the peer"));
        co_return Result<void>{};
    }
    std::size_t left = output_.size() - output_sent_ + tail_.size();
    std::int64_t deadline = Loop::in(stall);
    while (left != 0 && end_reason_ == End::None) {
        co_await wait(deadline);
        const std::size_t now_left = output_.size() - output_sent_ + tail_.size();
        if (now_left != left) deadline = Loop::in(stall);
        left = now_left;
        if (left != 0 && early == Early::Stop && !input().empty()) break;
    }
    deadline_ = 0;
    tail_ = {};
    if (left != 0 && end_reason_ == End::None) {
        output_.clear();
        output_sent_ = 0;
        co_return fail(Code::Unavailable, "the peer answered before it had taken all");
    }
    if (end_reason_ != End::None) co_return std::unexpected(ending("the peer"));
    co_return Result<void>{};
}

void Connection::wake_when(Socket::wait_type what) {
    socket_ready_ = false;
    socket_.async_wait(what, [self = Self(this), turn = ++ready_waits_](const error_code& error) {
        if (error || turn != self->ready_waits_) return;
        self->socket_ready_ = true;
        self->wake();
    });
}

void Connection::end(End why) {
    if (end_reason_ != End::None) return;
    end_reason_ = why;
    close();
    // The closing tells it by the read that it aborts only where one is pending.
    asio::post(loop_.context, [self = Self(this)] { self->on_input(); });
}

void Connection::on_deadline() {
    if (late_ends_) return end(End::Deadline);
    late_ = true;
    wake_later();
}

void Connection::wake_later() {
    asio::post(loop_.context, [self = Self(this)] { self->wake(); });
}

Error Connection::ending(std::string_view who) const {
    switch (end_reason_) {
        case End::Deadline:
            return {Code::DeadlineExceeded, std::string(who) + " was silent for too long"};
        case End::Cancelled:
            return {Code::Cancelled, "cancelled"};
        case End::Broken:
            return {Code::Unavailable, "the connection to " + std::string(who) + " broke: " + why_};
        case End::None:
            break;
    }
    return {Code::Unavailable, std::string(who) + " closed the connection"};
}

void Connection::shutdown_send() {
    if (tls_) tls_->finish();
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
}

void Connection::close() {
    if (!socket_.is_open()) return;
    error_code ignored;
    socket_.close(ignored);
    if (tls_) tls_->forget_socket();
}

}  // namespace steno::net
