#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace steno::providers {

/// A message of a WebSocket connection, put together from its frames and unmasked, or a Close frame.
struct WebSocketMessage {
    enum class Type : std::uint8_t { Text, Binary, Close };
    Type type = Type::Text;
    std::string_view payload;           ///< valid during the call; of Close: the reason
    std::optional<std::uint16_t> code;  ///< of Close, if it gives one (RFC 6455, section 7.4)
};

/// Reads one direction of a WebSocket connection (RFC 6455, section 5) that passes by, cut anywhere. Pings
/// and pongs are counted only. Memory is bounded by `max_message`: what a larger message holds is not kept,
/// and it is counted, not reported. Extensions are not understood: a frame with a reserved bit, a reserved
/// opcode, or another breach of the framing is `malformed`, and nothing is read from there on, since where a
/// frame ends is no longer known. Text is not checked for UTF-8.
class WebSocketReader {
  public:
    static constexpr std::size_t kMaxMessage = 32 << 20;
    using Sink = std::function<void(const WebSocketMessage&)>;

    explicit WebSocketReader(std::size_t max_message = kMaxMessage) : max_message_(max_message) {}

    void feed(std::string_view bytes, const Sink& sink);
    [[nodiscard]] bool malformed() const { return malformed_; }
    [[nodiscard]] std::int64_t messages() const { return messages_; }  ///< whole ones, Close frames not
    [[nodiscard]] std::int64_t oversized() const { return oversized_; }
    [[nodiscard]] bool closed() const { return closed_; }  ///< a Close frame has come: nothing follows

  private:
    enum class Opcode : std::uint8_t {
        Continuation = 0,
        Text = 1,
        Binary = 2,
        Close = 8,
        Ping = 9,
        Pong = 10
    };

    /// Takes bytes of the head; true when it is complete.
    bool take_head(std::string_view& bytes);
    [[nodiscard]] bool begin_frame();
    void take_payload(std::string_view piece);
    void end_frame(const Sink& sink);
    [[nodiscard]] bool is_control() const { return opcode_ >= Opcode::Close; }

    std::size_t max_message_;
    std::array<unsigned char, 14> head_{};
    std::size_t head_size_ = 0;
    std::size_t head_wanted_ = 2;
    bool in_payload_ = false;
    bool final_ = false;
    bool masked_ = false;
    Opcode opcode_ = Opcode::Text;
    std::array<unsigned char, 4> mask_{};
    std::uint64_t payload_left_ = 0;
    std::size_t mask_at_ = 0;

    std::string message_;  ///< of a text or binary message so far
    std::string control_;
    WebSocketMessage::Type type_ = WebSocketMessage::Type::Text;
    bool in_message_ = false;
    bool too_large_ = false;
    bool malformed_ = false;
    bool closed_ = false;
    std::int64_t messages_ = 0;
    std::int64_t oversized_ = 0;
};

}  // namespace steno::providers
