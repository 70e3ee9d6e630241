#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace steno::providers {

/// One message of an AWS event stream. The views hold during the call that hands it over; a header that the
/// message does not have is "".
struct EventStreamMessage {
    std::string_view message_type;    ///< `:message-type`: event, exception, error
    std::string_view event_type;      ///< `:event-type`, of an event
    std::string_view exception_type;  ///< `:exception-type`, of an exception
    std::string_view error_code;      ///< `:error-code`, of an error: one without a shape of its own
    std::string_view error_message;   ///< `:error-message`
    std::string_view content_type;    ///< `:content-type`
    std::string_view payload;
};

/// Reads application/vnd.amazon.eventstream (the "Amazon event stream" framing of the AWS SDKs) from bytes
/// cut anywhere. All numbers are big-endian:
///
///   u32 total length | u32 headers length | u32 CRC-32 of these eight bytes
///   headers: u8 name length, name, u8 type, value
///   payload
///   u32 CRC-32 of everything before it
///
/// Both CRCs (the one of zlib) are checked. A message whose own CRC or headers are wrong is left out, and the
/// next one read, since its length can be trusted; behind a prelude that is wrong, or beyond the limits,
/// nothing more is read. Either is told by malformed(). Work and memory are linear in the bytes fed.
class EventStreamParser {
  public:
    using Sink = std::function<void(const EventStreamMessage&)>;
    static constexpr std::uint32_t kMaxHeaders = 128 << 10;
    static constexpr std::uint32_t kMaxPayload = 24 << 20;  ///< what AWS's own clients accept

    void feed(std::string_view bytes, const Sink& sink);

    [[nodiscard]] bool malformed() const { return malformed_; }
    /// Bytes of a message have come whose end has not.
    [[nodiscard]] bool in_message() const { return !begun_.empty(); }

  private:
    /// Length of the message that begins here; 0 if its prelude is wrong.
    [[nodiscard]] static std::uint32_t length_of(std::string_view prelude);
    void read_message(std::string_view message, const Sink& sink);

    std::string begun_;
    std::uint32_t wanted_ = 0;  ///< length of the message in begun_; 0: not known yet
    bool malformed_ = false;
    bool lost_ = false;  ///< where the next message begins is not known
};

}  // namespace steno::providers
