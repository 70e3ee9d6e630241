#pragma once

#include "record/binary.hpp"
#include "record/call.hpp"
#include "store/call_store.hpp"

#include <string>

/// How changes become a row: the same for every backend, so that all hold the same content.
namespace steno::store {

/// What a store keeps of a call beside its columns (see column_fields): lists and maps of groups, JSON, and
/// fields that only a newer version knows. Encoded as a record's header; `decode` reads it back. Empty if
/// there is nothing.
std::string encode_remainder(const Call& call);

/// The call as a store keeps it: columns and remainder. Without payload; U+FFFD for what is not UTF-8;
/// without numbers that are not finite, moments after 2261 and money beyond 9e24.
Call as_stored(const Call& call);
/// Whether as_stored would change a column's value.
bool needs_repair(const Call& call);

/// A second arrival of the same call: what it says replaces what was said, what it leaves out stays, maps are
/// merged. `interrupted` is no news of a call whose end is known: that stays. Where one of the two does not
/// keep its texts (privacy.full_data: false), a preview stays only from an arrival that says so itself. A
/// cost that a re-pricing made stays: it is said later, wherever in the journal the arrival stands.
void amend(Call& call, const Call& newcomer);
/// The same for a row, with the places of its payloads: read one after the other, opened_at first, the two
/// records give the newest request and the newest response that were brought. A call that was found begun and
/// never ended, and whose end is there all the same (they came by different ways), only fills gaps.
void amend(Row& row, const Upsert& newcomer);

/// The last word replaces the feedback, the cost, or the score of that name, as a whole.
void fold(Call& call, const Said& said);

}  // namespace steno::store
