// Server-sent events and JSON arrays that arrive in pieces: where the bytes are cut makes no difference.
#include "fuzz.hpp"
#include "providers/json_array_stream.hpp"
#include "providers/sse.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace steno;
using fuzz::expect;

namespace {

constexpr std::size_t kMaxBytes = 256;  // small, so that the limit is met too

std::vector<std::string> events(std::string_view bytes, std::size_t step) {
    std::vector<std::string> seen;
    const auto sink = [&](const providers::SseEvent& event) {
        seen.push_back(std::string(event.name).append("\n").append(event.data));
    };
    providers::SseParser parser(kMaxBytes);
    for (std::size_t at = 0; at < bytes.size(); at += step) parser.feed(bytes.substr(at, step), sink);
    parser.finish(sink);
    seen.push_back(std::to_string(parser.oversized()));
    return seen;
}

std::vector<std::string> elements(std::string_view bytes, std::size_t step) {
    std::vector<std::string> seen;
    providers::JsonArrayStream stream(kMaxBytes);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        stream.feed(bytes.substr(at, step), [&](std::string_view element) { seen.emplace_back(element); });
    }
    seen.push_back(std::to_string(stream.oversized()) + (stream.malformed() ? "m" : "") +
                   (stream.finished() ? "f" : ""));
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = data[0] % 16 + 1;
    const std::string_view bytes = fuzz::as_text(data + 1, size - 1);
    expect(events(bytes, step) == events(bytes, bytes.size()));
    expect(elements(bytes, step) == elements(bytes, bytes.size()));
    return 0;
}
