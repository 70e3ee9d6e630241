#include "simulator/web_socket.hpp"

#include "base/text.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace steno::simulator {

namespace {

constexpr unsigned kText = 1;
constexpr unsigned kBinary = 2;
constexpr unsigned kClose = 8;
constexpr unsigned kPing = 9;
constexpr unsigned kPong = 10;

/// RFC 6455, section 4.2.2: the proof that the request was understood.
std::string accept_key(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
    return to_base64({reinterpret_cast<const char*>(digest), size});
}

std::string frame_head(unsigned opcode, std::uint64_t size, bool final) {
    std::string head(1, static_cast<char>(opcode | (final ? 0x80u : 0u)));
    const int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    head.push_back(static_cast<char>(bytes == 0 ? size : bytes == 2 ? 126 : 127));
    for (int i = bytes - 1; i >= 0; --i) head.push_back(static_cast<char>(size >> (8 * i)));
    return head;
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

}  // namespace

net::Task<std::unique_ptr<WebSocket>> WebSocket::accept(net::ServerExchange& exchange,
                                                        std::string_view protocol) {
    const net::Headers& asked = exchange.head().headers;
    const auto key = asked.get("sec-websocket-key");
    net::ResponseHead head;
    if (!key || asked.get("sec-websocket-version") != "13") {
        head.status = 400;
        co_await exchange.respond(head, "This is no request for a WebSocket.\n");
        co_return nullptr;
    }
    head.headers.add("Upgrade", "websocket");
    head.headers.add("Sec-WebSocket-Accept", accept_key(*key));
    const auto offered = split(asked.get("sec-websocket-protocol").value_or(""), ',');
    if (std::ranges::find(offered, protocol) != offered.end())
        head.headers.add("Sec-WebSocket-Protocol", std::string(protocol));
    auto stream = co_await exchange.upgrade(head);
    if (!stream) co_return nullptr;
    co_return std::unique_ptr<WebSocket>(new WebSocket(*std::move(stream)));
}

net::Task<bool> WebSocket::take_frame() {
    if (input_.size() < 2) co_return false;
    const unsigned first = static_cast<unsigned char>(input_[0]);
    const unsigned second = static_cast<unsigned char>(input_[1]);
    const std::size_t extra = (second & 0x7f) == 126 ? 2 : (second & 0x7f) == 127 ? 8 : 0;
    const std::size_t head = 2 + extra + 4;
    constexpr std::uint64_t kMost = 256u << 20;
    if (input_.size() < head) co_return false;
    const std::uint64_t size =
        extra == 0 ? second & 0x7f : big_endian(std::string_view(input_).substr(2, extra));
    if ((second & 0x80) == 0 || size > kMost) {  // a client must mask (section 5.1)
        ended_ = true;
        co_await close(1002, "this frame is not right");
        co_return false;
    }
    if (input_.size() - head < size) co_return false;
    std::string payload = input_.substr(head, static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(payload[i] ^ input_[head - 4 + i % 4]);
    input_.erase(0, head + payload.size());
    switch (const unsigned opcode = first & 0x0f) {
        case kPing:
            co_await send_frame(kPong, payload, true);
            break;
        case kPong:
            break;
        case kClose:
            ended_ = true;
            if (!close_sent_) co_await send_frame(kClose, std::string_view(payload).substr(0, 2), true);
            stream_->finish();
            break;
        default:
            if (opcode != 0) message_.clear();
            message_ += payload;
            if ((first & 0x80) != 0) ready_.push_back(std::exchange(message_, {}));
    }
    co_return true;
}

net::Task<std::optional<std::string>> WebSocket::read(std::chrono::milliseconds patience) {
    for (;;) {
        while (ready_.empty() && !ended_ && co_await take_frame()) continue;
        if (!ready_.empty()) {
            std::string message = std::move(ready_.front());
            ready_.pop_front();
            co_return message;
        }
        if (ended_) co_return std::nullopt;
        const auto piece = co_await stream_->read_some(patience);
        if (!piece && piece.error().code == Code::DeadlineExceeded) co_return std::nullopt;
        if (!piece || piece->empty()) {
            ended_ = true;
            co_return std::nullopt;
        }
        input_.append(*piece);
    }
}

net::Task<void> WebSocket::send_frame(unsigned opcode, std::string_view payload, bool final) {
    const std::string bytes = frame_head(opcode, payload.size(), final).append(payload);
    if (!co_await stream_->write(bytes)) ended_ = true;
}

net::Task<void> WebSocket::send(std::string_view message, bool binary, std::size_t split) {
    unsigned opcode = binary ? kBinary : kText;
    do {
        if (ended_) co_return;
        const std::string_view piece = message.substr(0, split == 0 ? message.size() : split);
        message.remove_prefix(piece.size());
        co_await send_frame(opcode, piece, message.empty());
        opcode = 0;
    } while (!message.empty());
}

net::Task<void> WebSocket::close(std::uint16_t code, std::string_view reason) {
    constexpr std::chrono::seconds kPatience{2};
    if (close_sent_) co_return;
    close_sent_ = true;
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    co_await send_frame(kClose, payload.append(reason), true);
    while (!ended_ && co_await read(kPatience)) continue;
    stream_->finish();
    // The client may close when it has seen the end; one that is cut off before it has read all would not.
    for (;;) {
        const auto piece = co_await stream_->read_some(kPatience);
        if (!piece || piece->empty()) break;
    }
}

void WebSocket::cut() {
    ended_ = true;
    stream_->close();
}

}  // namespace steno::simulator
