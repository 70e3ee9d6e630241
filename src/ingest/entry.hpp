#pragma once

#include "base/error.hpp"
#include "journal/record.hpp"
#include "record/call.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What our records in the journal hold (docs/formats/record.md): the kind of a record, and its header frame.
namespace steno::ingest {

enum class EntryKind : std::uint8_t {
    Opening = 1,   ///< a call began; payload: its request
    Closing = 2,   ///< it ended; payload: its response. The request's stands in the opening record
    Complete = 3,  ///< a call in one record; payloads: request and response
    Said = 4,      ///< feedback, a score or another cost; no payload
};

/// The header frame of a closing record names the opening one, so that the request's payload can be found.
struct EntryHeader {
    std::optional<journal::Position> opening;
    /// Another record may tell of the same call: it was handed over by somebody who may do so again.
    bool may_be_known = false;
    std::string_view call;  ///< the call's header part, see record/binary.hpp
};

void append_entry_header(std::string& out, const std::optional<journal::Position>& opening,
                         bool may_be_known = false);
/// Says so in a header that is written already.
void mark_may_be_known(std::string& header);
/// Whether a call's prompts and answers are kept; if not, they go when their segment is sealed.
bool keeps_payload(const Call& call);
journal::Payload payload_of(std::string_view bytes, std::string_view subject, bool ephemeral);
Result<EntryHeader> read_entry_header(std::string_view bytes);

}  // namespace steno::ingest
