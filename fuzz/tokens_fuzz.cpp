// Encoders: any bytes are cut into pieces that follow each other, and no token is lost or made twice.
#include "fuzz.hpp"
#include "tokens/encoder.hpp"

#include <string>
#include <utility>

using namespace steno;
using namespace steno::tokens;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    for (const auto& [rule, encoding] :
         {std::pair{Rule::Cl100k, Encoding::Cl100k}, std::pair{Rule::O200k, Encoding::O200k}}) {
        const Encoder& encoder = Encoder::of(encoding);
        Splitter splitter(rule, text);
        std::string joined;
        std::size_t tokens = 0;
        for (std::string_view piece = splitter.next(); !piece.empty(); piece = splitter.next()) {
            joined += piece;
            tokens += encoder.count(piece);
        }
        expect(joined == text);
        expect(tokens <= text.size());
        expect(encoder.count(text) == encoder.encode(text).size());
    }
    return 0;
}
