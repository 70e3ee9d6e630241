#pragma once

#include "record/call.hpp"
#include "record/fields.hpp"

#include <string>
#include <string_view>

/// The one binary form of a call, as it stands in the journal (docs/formats/record.md). Three parts that are
/// decoded into the same Call: the header, and the payloads of request and response.
namespace steno {

/// The part of a call whose fields live at `place`. Groups without such fields are left out; the result may
/// be empty.
std::string encode(const Call& call, Place place);
/// The same behind what `out` holds already.
void append_encoded(std::string& out, const Call& call, Place place);
/// Reads one part into `call`, over what is there. Unknown fields are kept. DataLoss when the bytes are no
/// encoding.
Result<void> decode(std::string_view bytes, Call& call);
/// What feeding a store needs of a payload.
struct PayloadGlance {
    Preview preview;
    bool request = false;   ///< it holds something of the request
    bool response = false;  ///< it holds something of the response besides the preview
};
/// Reads only that. DataLoss when the bytes are no encoding.
Result<PayloadGlance> glance_at(std::string_view payload);

/// Something said about a call after it: feedback, a score, or what it costs by other prices. Exactly one of
/// the three is set.
struct Said {
    Uuid call;
    std::string project;
    std::optional<Feedback> feedback;
    std::string score_name;
    std::optional<Score> score;
    std::optional<Cost> cost;
    UnknownFields unknown;
    bool operator==(const Said&) const = default;
};
std::string encode(const Said& said);
/// DataLoss when the bytes are no encoding, or name no call.
Result<Said> decode_said(std::string_view bytes);

}  // namespace steno
