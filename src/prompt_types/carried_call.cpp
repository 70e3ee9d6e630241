#include "prompt_types/carried_call.hpp"

#include "ingest/policy.hpp"
#include "record/binary.hpp"
#include "record/json.hpp"

#include <utility>

namespace steno::prompt_types {

namespace {

/// A carried call is for looking at: beyond this its texts are cut.
constexpr std::size_t kMostCallBytes = 4u << 20;
constexpr std::size_t kCutText = 64u << 10;

/// What is left of a call whose texts are not kept.
Call without_texts(const Call& call) {
    Call figures;
    (void)decode(encode(call, Place::Header), figures);  // what encode wrote, decode reads
    figures.preview = {};
    return figures;
}

bool has_texts(const Call& call) {
    return !encode(call, Place::RequestPayload).empty() || !encode(call, Place::ResponsePayload).empty();
}

}  // namespace

Carried carried(Call call, bool with_texts) {
    Carried row{call.started_at, call.id, call.privacy.retention, false, {}};
    call.raw = {};
    row.has_texts = with_texts && has_texts(call);
    if (!row.has_texts) {
        row.json = to_json(without_texts(call));
        return row;
    }
    row.json = to_json(call);
    if (row.json.size() <= kMostCallBytes) return row;
    ingest::cut_texts(call, kCutText);
    row.json = to_json(call);
    if (row.json.size() <= kMostCallBytes) return row;
    row.has_texts = false;
    row.json = to_json(without_texts(call));
    return row;
}

Result<custody::LatestCall> place_of(const control::Row& row, std::size_t from, Timestamp now) {
    const auto id = Uuid::parse(row.text(from + 1));
    if (!id) return fail(Code::DataLoss, "a carried call of a prompt type cannot be understood");
    std::optional<Timestamp> began;
    if (const auto nanos = row.optional_integer(from)) began = Timestamp{*nanos};
    return custody::LatestCall::of(began, *id, now);
}

/// Of a call of which nobody knows how old it is: it came here because those around it are old.
bool keeps_texts(const custody::Heir::Terms& terms, const std::string& retention,
                 const custody::LatestCall& place) {
    if (!terms.keep_latest) return false;
    if (place.began == custody::LatestCall::kUnknown) return terms.retention.payload_days_of(retention) == 0;
    return !custody::payloads_may_go(terms.retention, retention, place.began, terms.now.unix_nanos);
}

}  // namespace steno::prompt_types
