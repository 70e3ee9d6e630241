// Numbers, times, ids and texts of src/base: what is accepted is written the same way again.
#include "base/decimal.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "fuzz.hpp"

using namespace steno;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    if (const auto decimal = Decimal::parse(text)) {
        expect(Decimal::parse(decimal->to_string()) == decimal);
        expect(Decimal::parse(decimal->to_short_string()) == decimal);
    }
    if (const auto moment = Timestamp::parse(text)) {
        const auto again = Timestamp::parse(moment->to_string());
        expect(again && *again == *moment && again->offset_minutes == moment->offset_minutes);
    }
    if (const auto id = Uuid::parse(text)) expect(equals_ignoring_case(id->to_string(), text));
    if (const auto bytes = from_hex(text)) expect(equals_ignoring_case(to_hex(*bytes), text));
    expect(from_hex(to_hex(text)) == text);
    expect(from_base64(to_base64(text)) == text);
    (void)from_base64(text);
    const std::string_view prefix = utf8_prefix(text, size / 2);
    expect(prefix.size() <= size / 2);
    if (is_valid_utf8(text)) expect(is_valid_utf8(prefix));
    expect(utf8_length(text) <= size);
    return 0;
}
