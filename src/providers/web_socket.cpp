#include "providers/web_socket.hpp"

#include <algorithm>

namespace steno::providers {

void WebSocketReader::feed(std::string_view bytes, const Sink& sink) {
    while (!malformed_ && !closed_) {
        if (!in_payload_) {
            if (!take_head(bytes)) return;
            if (!begin_frame()) {
                malformed_ = true;
                message_ = {};
                return;
            }
        }
        const std::size_t size =
            static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
        take_payload(bytes.substr(0, size));
        bytes.remove_prefix(size);
        if (payload_left_ != 0) return;
        end_frame(sink);
    }
}

bool WebSocketReader::take_head(std::string_view& bytes) {
    for (;;) {
        const std::size_t size = std::min(head_wanted_ - head_size_, bytes.size());
        std::copy_n(bytes.begin(), size, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
        bytes.remove_prefix(size);
        head_size_ += size;
        if (head_size_ < head_wanted_) return false;
        if (head_wanted_ > 2) return true;
        const unsigned length = head_[1] & 0x7fu;
        head_wanted_ = 2 +
                       (length == 126   ? 2u
                        : length == 127 ? 8u
                                        : 0u) +
                       ((head_[1] & 0x80u) != 0 ? 4u : 0u);
        if (head_wanted_ == 2) return true;
    }
}

bool WebSocketReader::begin_frame() {
    final_ = (head_[0] & 0x80u) != 0;
    masked_ = (head_[1] & 0x80u) != 0;
    opcode_ = static_cast<Opcode>(head_[0] & 0x0fu);
    const unsigned short_length = head_[1] & 0x7fu;
    const std::size_t mask_begin = head_wanted_ - (masked_ ? 4 : 0);
    payload_left_ = short_length;
    if (short_length >= 126) {
        payload_left_ = 0;
        for (std::size_t i = 2; i < mask_begin; ++i) payload_left_ = payload_left_ << 8 | head_[i];
    }
    if (masked_) std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(mask_begin), 4, mask_.begin());
    head_size_ = 0;
    head_wanted_ = 2;
    mask_at_ = 0;
    in_payload_ = true;

    const bool reserved_bit = (head_[0] & 0x70u) != 0;
    if (reserved_bit || payload_left_ >> 63 != 0) return false;
    switch (opcode_) {
        case Opcode::Continuation:
            return in_message_;
        case Opcode::Text:
        case Opcode::Binary:
            if (in_message_) return false;
            in_message_ = true;
            too_large_ = false;
            type_ = opcode_ == Opcode::Text ? WebSocketMessage::Type::Text : WebSocketMessage::Type::Binary;
            return true;
        case Opcode::Close:
        case Opcode::Ping:
        case Opcode::Pong:
            return final_ && payload_left_ <= 125;
    }
    return false;
}

void WebSocketReader::take_payload(std::string_view piece) {
    payload_left_ -= piece.size();
    std::string& into = is_control() ? control_ : message_;
    if (!is_control() && !too_large_ && message_.size() + piece.size() > max_message_) {
        too_large_ = true;
        message_ = {};
    }
    if (!is_control() && too_large_) {
        mask_at_ += piece.size();
        return;
    }
    const std::size_t begin = into.size();
    into.append(piece);
    if (!masked_) return;
    for (std::size_t i = begin; i < into.size(); ++i)
        into[i] = static_cast<char>(static_cast<unsigned char>(into[i]) ^ mask_[mask_at_++ & 3]);
}

void WebSocketReader::end_frame(const Sink& sink) {
    in_payload_ = false;
    if (is_control()) {
        if (opcode_ == Opcode::Close) {
            closed_ = true;
            WebSocketMessage close{WebSocketMessage::Type::Close, {}, {}};
            if (control_.size() >= 2) {
                close.code = static_cast<std::uint16_t>(static_cast<unsigned char>(control_[0]) << 8 |
                                                        static_cast<unsigned char>(control_[1]));
                close.payload = std::string_view(control_).substr(2);
            }
            sink(close);
        }
        control_.clear();
        return;
    }
    if (!final_) return;
    in_message_ = false;
    ++messages_;
    if (too_large_) {
        ++oversized_;
        return;
    }
    sink({type_, message_, {}});
    // A large message's room is not kept for the small ones that most are.
    constexpr std::size_t kKept = 1 << 20;
    if (message_.capacity() > kKept) message_ = {};
    message_.clear();
}

}  // namespace steno::providers
