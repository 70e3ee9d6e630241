#pragma once

#include "journal/format.hpp"
#include "journal/record.hpp"

#include <cstdint>

namespace steno::journal {

/// A Record with its own copy of what `from` points into, which may be gone afterwards. Of its place it has
/// the segment; offset and size, where there are any, are the caller's to set.
Record own_record(const Uuid& stream, const ParsedRecord& from, std::uint64_t segment);

}  // namespace steno::journal
