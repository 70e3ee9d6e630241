// Content codings: any bytes are decoded within the limit or refused, however they are cut. Input: a byte for
// the coding, one for the size of the pieces, the coded bytes.
#include "fuzz.hpp"
#include "net/content_coding.hpp"

#include <array>

using namespace steno;
using fuzz::expect;

namespace {

constexpr std::uint64_t kMaxOutput = 1 << 16;

struct Outcome {
    bool ok = true;
    std::string plain;
};

Outcome decode(std::string_view coding, std::string_view coded, std::size_t step) {
    Outcome outcome;
    auto decoder = net::make_decoder(coding, kMaxOutput);
    expect(decoder.has_value());
    for (std::size_t at = 0; at < coded.size() && outcome.ok; at += step) {
        outcome.ok = (*decoder)->feed(coded.substr(at, step), outcome.plain).has_value();
    }
    expect(outcome.plain.size() <= kMaxOutput);
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::array<std::string_view, 6> kCodings = {"gzip", "deflate",  "br",
                                                                 "zstd", "identity", "br, gzip"};
    if (size < 2) return 0;
    const std::string_view coding = kCodings[data[0] % kCodings.size()];
    const std::string_view coded = fuzz::as_text(data + 2, size - 2);
    const Outcome whole = decode(coding, coded, coded.size() + 1);
    const Outcome pieces = decode(coding, coded, data[1] % 32 + 1);
    expect(whole.ok == pieces.ok);
    if (whole.ok) expect(whole.plain == pieces.plain);
    expect(net::gzip(coded).size() > 0);
    return 0;
}
