// The JSON form of a call, feedback and scores: what was read and written once reads back as the same.
#include "fuzz.hpp"
#include "record/json.hpp"

using namespace steno;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    if (const auto call = call_from_json(text)) {
        const std::string once = to_json(*call);
        const auto again = call_from_json(once);
        expect(again && to_json(*again) == once);
    }
    (void)feedback_from_json(text);
    (void)score_from_json(text);
    return 0;
}
