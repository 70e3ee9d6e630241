// Deliveries in each of their three forms: what is taken has an id, keeps within the bounds, can be written
// to the journal and shown as valid JSON; and each call of the delivery is either taken or refused.
#include "fuzz.hpp"
#include "record/binary.hpp"
#include "record/delivery.hpp"
#include "record/json.hpp"
#include "record/json_reader.hpp"
#include "sources/native/batch.hpp"

using namespace steno;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::string_view kTypes[] = {kDeliveryType, "application/json", "application/x-ndjson"};
    ManualClock clock;
    SeededRandom random(1);
    const auto batch =
        native::read_batch(kTypes[data[0] % 3], fuzz::as_text(data + 1, size - 1), clock, random);
    if (!batch) {
        expect(!batch.error().message.empty());
        return 0;
    }
    expect(batch->calls.size() == batch->indexes.size());
    expect(batch->made.size() <= batch->calls.size());
    std::size_t after = 0;
    for (const std::size_t index : batch->indexes) {
        expect(index >= after);
        after = index + 1;
    }
    for (const native::Rejection& rejection : batch->rejected) expect(!rejection.error.message.empty());
    for (const Call& call : batch->calls) {
        expect(!call.id.is_nil());
        Call again;
        for (const Place place : {Place::Header, Place::RequestPayload, Place::ResponsePayload})
            expect(decode(encode(call, place), again).has_value());
        const std::string json = to_json(call);
        JsonReader in(json);
        expect(in.skip() && in.at_end());
    }
    return 0;
}
