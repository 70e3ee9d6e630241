// The binary form of a call: whatever can be read is written in a form that reads back as the same.
#include "fuzz.hpp"
#include "record/binary.hpp"

using namespace steno;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = fuzz::as_text(data, size);
    Call call;
    if (decode(bytes, call)) {
        for (const Place place : {Place::Header, Place::RequestPayload, Place::ResponsePayload}) {
            const std::string once = encode(call, place);
            if (once.empty()) continue;
            Call again;
            expect(decode(once, again).has_value());
            expect(encode(again, place) == once);
        }
    }
    (void)glance_at(bytes);
    if (const auto said = decode_said(bytes)) {
        const std::string once = encode(*said);
        const auto again = decode_said(once);
        expect(again && encode(*again) == once);
    }
    return 0;
}
