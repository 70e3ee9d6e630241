// The bytes of a segment file: any bytes are parsed or refused, and what they parse to lies within them.
#include "fuzz.hpp"
#include "journal/format.hpp"

using namespace steno;
using fuzz::expect;

namespace {

bool within(std::string_view part, std::string_view whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = fuzz::as_text(data, size);
    (void)journal::segment_number_of(bytes);
    if (size >= journal::kSegmentFixedBytes)
        (void)journal::segment_header_size(bytes.substr(0, journal::kSegmentFixedBytes));
    (void)journal::parse_segment_header(bytes);
    if (size >= journal::kPrefixBytes) (void)journal::parse_prefix(bytes);
    if (const auto record = journal::parse_record(bytes)) {
        expect(within(record->header, bytes) && within(record->digested, bytes));
        for (const auto& frame : record->payloads) expect(within(frame.salt, bytes));
    }
    return 0;
}
