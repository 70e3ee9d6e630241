// URLs, queries and endpoints as they come from users and clients.
#include "fuzz.hpp"
#include "net/http.hpp"

using namespace steno;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    expect(net::percent_decode(net::percent_encode(text)) == text);
    expect(net::percent_decode(text, true).size() <= size);
    (void)net::parse_query(text);
    if (const auto endpoint = net::Endpoint::parse(text)) {
        const auto again = net::Endpoint::parse(endpoint->to_string());
        expect(again && again->host == endpoint->host && again->port == endpoint->port);
    }
    if (const auto url = net::BaseUrl::parse(text)) {
        const auto again = net::BaseUrl::parse(url->to_string());
        expect(again && again->to_string() == url->to_string());
    }
    return 0;
}
