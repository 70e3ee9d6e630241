// A program's HTTP traffic as the C++ SDK is told of it (steno/http.hpp). The input is a row of pieces, each
// with two bytes before it: what it is, and its length.
#include "client/address.hpp"
#include "client/chunks.hpp"
#include "fuzz.hpp"
#include "steno/steno.hpp"

using namespace steno;
using fuzz::expect;

namespace {

/// Recording is on, and nobody is there to take the calls.
bool record() {
    TrackingOptions options;
    options.server = "http://127.0.0.1:1";
    options.max_spool_bytes = 0;
    options.max_memory_bytes = 1u << 20;
    options.exit_patience = std::chrono::milliseconds{0};
    start_tracking(options);
    return true;
}

std::string unchunked(std::string_view framed, std::size_t cut) {
    std::string content;
    client::Chunks chunks;
    chunks.feed(framed.substr(0, cut), content);
    chunks.feed(framed.substr(cut), content);
    return content;
}

bool is_within(std::string_view part, std::string_view whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool recording = record();
    expect(recording);
    const std::string_view text = fuzz::as_text(data, size);

    const client::Address address = client::Address::of_url(text);
    expect(is_within(address.host, text) && is_within(address.path, text) && is_within(address.query, text));
    (void)client::find_base(address, "openai", text.substr(0, size / 2));
    const std::string content = unchunked(text, size / 2);
    expect(content.size() <= size && content == unchunked(text, size));

    HttpTranscript transcript({.provider = size % 2 == 0 ? "openai" : ""}, Context());
    HttpExchange exchange({.url = "https://api.openai.com/v1/chat/completions", .body = text});
    exchange.response(200, {{"content-type", size % 3 == 0 ? "text/event-stream" : "application/json"}});
    std::string_view rest = text;
    while (rest.size() >= 2) {
        const auto what = static_cast<unsigned char>(rest[0]);
        const std::string_view piece = rest.substr(2, static_cast<unsigned char>(rest[1]));
        rest.remove_prefix(2 + piece.size());
        switch (what % 4) {
            case 0:
                transcript.sent_head(piece);
                break;
            case 1:
                transcript.sent_body(piece);
                break;
            case 2:
                transcript.received_head(piece);
                break;
            default:
                transcript.received_body(piece), exchange.body(piece);
        }
    }
    if (size % 2 == 0) {
        transcript.end();
        exchange.end();
    } else {
        transcript.fail(Failure::Timeout, "late", text);
        exchange.fail(Failure::Connection, text);
    }
    return 0;
}
