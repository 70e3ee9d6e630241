#pragma once

// Private to src/net: one connection of either side, over TCP or a Unix socket, with its buffers, on one
// loop.

#include "base/error.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steno::net {

/// At most one read is pending, and it stays pending while nobody waits for it: that is how the end of a peer
/// is noticed at once (a client that goes, a pooled upstream that closes) for no more than the read that the
/// next message needs anyway. Output is collected and sent when the loop's turn ends or on `flush`, whichever
/// is first, so that a head, its body and its end leave together when they are ready together, and nothing
/// ever waits for more. One coroutine uses a connection at a time. Loop's thread only.
class Connection : public Watched,
                   public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter> {
  public:
    using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;
    enum class End : std::uint8_t { None, Broken, Deadline, Cancelled };

    explicit Connection(Loop& loop) : loop_(loop), socket_(loop.context) { loop.watch(*this); }
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] Loop& loop() { return loop_; }
    [[nodiscard]] Socket& socket() { return socket_; }
    /// Non-blocking, over TCP without Nagle's delay.
    void prepare_socket();
    void use_tls(std::unique_ptr<TlsStream> tls) { tls_ = std::move(tls); }
    [[nodiscard]] TlsStream* tls() { return tls_.get(); }

    [[nodiscard]] std::string_view input() const { return {data_.get() + begin_, end_ - begin_}; }
    /// For decoding in place. Stable until `start_read`.
    [[nodiscard]] char* input_data() { return data_.get() + begin_; }
    void consume(std::size_t bytes) { begin_ += bytes; }
    /// Begins to read if nothing is being read. Invalidates what `input` gave before.
    void start_read();
    /// Waits until there is more input than now. False at the peer's end, or when the connection has ended.
    /// The deadline ends the connection; with Late::Tell only the wait, and `late` is true until the next.
    enum class Late : std::uint8_t { End, Tell };
    Task<bool> more_input(std::int64_t deadline, Late when_late = Late::End);
    [[nodiscard]] bool late() const { return late_; }
    /// How much unconsumed input may pile up before `more_input` gives up (a head, a chunk's header).
    void set_input_limit(std::size_t bytes) { input_limit_ = bytes; }
    [[nodiscard]] bool input_full() const { return end_ - begin_ >= input_limit_; }
    /// Gives a large empty buffer back.
    void shrink_input();

    /// What the next flush sends first.
    [[nodiscard]] std::string& output() { return output_; }
    [[nodiscard]] std::size_t pending_output() const { return output_.size() - output_sent_; }
    /// Sends at the end of this turn of the loop.
    void flush_soon();
    /// Sends the collected output and then `tail`, waiting as long as the peer takes, but for no single pause
    /// longer than `stall`. Fails as `ending` says.
    /// With Early::Stop it also ends, failed, when input comes before all is sent: an answer to a part.
    enum class Early : std::uint8_t { Ignore, Stop };
    Task<Result<void>> flush(std::string_view tail, std::chrono::nanoseconds stall,
                             Early early = Early::Ignore);
    /// The same without waiting: true when all is sent, and nothing is left to do.
    bool try_flush(std::string_view tail = {});
    /// Whether the collected output has left without waiting, as most does: spares `flush`, a coroutine.
    bool flushed_at_once() { return try_flush() && end_reason_ == End::None; }

    /// Waits for the next event of any kind; see Waiter.
    Task<void> wait(std::int64_t deadline) {
        deadline_ = deadline;
        return waiter_.wait();
    }
    /// The same, but the deadline ends only the wait.
    Task<void> wait_until(std::int64_t deadline);
    void wake() { (woken_instead_ != nullptr ? *woken_instead_ : *this).waiter_.wake(); }
    /// What would wake who waits here wakes who waits on `other`, so that one coroutine can wait for two
    /// connections of a loop. Null: no longer. `other` must live until then.
    void wake_instead(Connection* other) { woken_instead_ = other; }
    /// The same in the loop's next turn.
    void wake_later();
    void set_deadline(std::int64_t deadline) { deadline_ = deadline; }
    /// Calls `wake` when the socket can be written or read, and then `socket_ready` is true; for connecting.
    void wake_when(Socket::wait_type what);
    [[nodiscard]] bool socket_ready() const { return socket_ready_; }

    /// Closes now; `on_input` is told in the loop's next turn, and with it a waiting coroutine.
    void end(End why);
    [[nodiscard]] End ended() const { return end_reason_; }
    [[nodiscard]] bool peer_closed() const { return peer_closed_; }
    /// The peer has closed or broken it, or we have.
    [[nodiscard]] bool gone() const { return peer_closed_ || end_reason_ != End::None; }
    [[nodiscard]] Error ending(std::string_view who) const;
    /// Half-close: the peer sees the end of what we sent, we can still read.
    void shutdown_send();
    void close();

  protected:
    /// Input has come, or the peer's end or ours. May be told twice. Waking must be the last thing it does.
    virtual void on_input() { wake(); }
    void on_deadline() override;
    void on_stop() override { end(End::Cancelled); }

  private:
    static constexpr std::size_t kSmall = 8 * 1024;
    static constexpr std::size_t kLarge = 64 * 1024;

    void make_room();
    void read_tls();
    void received(std::size_t bytes);
    void read_done(const boost::system::error_code& error, std::size_t bytes);
    void wait_writable();
    /// False when the socket takes no more now.
    bool send_some();

    Loop& loop_;
    Socket socket_;
    std::unique_ptr<TlsStream> tls_;
    Waiter waiter_;
    Connection* woken_instead_ = nullptr;

    std::unique_ptr<char[]> data_;
    std::size_t capacity_ = 0;
    std::size_t next_capacity_ = kSmall;
    std::size_t input_limit_ = kLarge;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;

    std::string output_;
    std::size_t output_sent_ = 0;
    std::string_view tail_;  ///< the caller's bytes while it waits in `flush`

    End end_reason_ = End::None;
    bool peer_closed_ = false;
    bool reading_ = false;
    bool awaiting_writable_ = false;
    bool flush_posted_ = false;
    bool socket_ready_ = false;
    bool late_ends_ = true;
    bool late_ = false;
    unsigned ready_waits_ =
        0;             ///< tells a late answer about a socket that was given up from the present one's
    std::string why_;  ///< the system's words for Broken
};

}  // namespace steno::net
