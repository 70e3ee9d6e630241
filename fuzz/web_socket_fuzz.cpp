// Frames of a WebSocket connection: where the bytes are cut makes no difference.
#include "fuzz.hpp"
#include "providers/web_socket.hpp"

#include <string>
#include <vector>

using namespace steno;
using fuzz::expect;

namespace {

std::vector<std::string> messages(std::string_view bytes, std::size_t step) {
    constexpr std::size_t kMaxBytes = 256;  // small, so that the limit is met too
    std::vector<std::string> seen;
    providers::WebSocketReader reader(kMaxBytes);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        reader.feed(bytes.substr(at, step), [&](const providers::WebSocketMessage& message) {
            expect(message.payload.size() <= kMaxBytes);
            seen.push_back(std::to_string(static_cast<int>(message.type)) +
                           std::to_string(message.code.value_or(0)) + std::string(message.payload));
        });
    }
    seen.push_back(std::to_string(reader.messages()) + "/" + std::to_string(reader.oversized()) +
                   (reader.malformed() ? "m" : "") + (reader.closed() ? "c" : ""));
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = data[0] % 16 + 1;
    const std::string_view bytes = fuzz::as_text(data + 1, size - 1);
    expect(messages(bytes, step) == messages(bytes, bytes.size()));
    return 0;
}
