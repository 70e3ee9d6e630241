#pragma once

#include "base/json_writer.hpp"
#include "calendar/period.hpp"
#include "calendar/zone.hpp"
#include "server/api.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Query strings to queries: `status=failure&usage.input_tokens.gte=100&from=…`.
namespace steno::server {

struct ListParameters {
    store::CallQuery query;
    std::vector<std::string> fields;  ///< dotted paths; empty: all columns
    bool payload = false;             ///< some of `fields` live in payloads
};

/// InvalidArgument names the parameter and what it takes.
Result<ListParameters> list_parameters(const ApiRequest& request);
/// Only what `fields` says of it.
Result<ListParameters> fields_of_calls(std::string_view fields);
Result<store::AggregateQuery> aggregate_parameters(const ApiRequest& request);
/// InvalidArgument, with the nearest name, if there are others than these: for what takes no filters.
Result<void> only_parameters(const ApiRequest& request, std::initializer_list<std::string_view> names);
/// Only the part that says which calls: from, to or period, text and filters. Times without a zone of their
/// own are those of `tz` (UTC). Parameters named in `others` are skipped.
Result<store::Selection> selection_parameters(const ApiRequest& request,
                                              std::initializer_list<std::string_view> others);

/// unlisted: whether calls are among those that are not to be listed (privacy.listed: false). Unless it is
/// true, or a filter asks about that field, they are left out.
Result<void> set_listed(store::Selection& selection, const ApiRequest& request);

/// tz: a name of the IANA database, an offset, UTC when it is not given.
Result<calendar::Zone> zone_parameter(const ApiRequest& request);
/// The moment that is called now: `at`, else now. InvalidArgument: it has not come yet (clocks of two
/// machines may be a minute apart).
Result<Timestamp> now_parameter(const ApiRequest& request, const calendar::Zone& zone);
/// What period, or from and to, say; `otherwise`, a period's name, when they say nothing.
Result<calendar::Period> period_parameter(const ApiRequest& request, const calendar::Zone& zone,
                                          std::string_view otherwise);
/// The same of a selection from selection_parameters, in which an end may have no beginning: all before it.
Result<void> set_period(store::Selection& selection, const ApiRequest& request, const calendar::Zone& zone,
                        std::string_view otherwise);
/// A period, as the answer says it: {"from", "to", "tz"}.
void write_period(JsonWriter& json, std::string_view key, const calendar::Period& period,
                  const calendar::Zone& zone);
/// The member "period" of what was selected, its open ends null; nothing where neither a time nor a zone was
/// given.
void write_period(JsonWriter& json, const store::Selection& selection, const calendar::Zone& zone);
/// A moment of an answer; null where there is none.
void write_moment(JsonWriter& json, std::string_view key, const std::optional<Timestamp>& moment);
/// The same as clocks of the zone show it.
void write_moment(JsonWriter& json, std::string_view key, const std::optional<Timestamp>& moment,
                  const calendar::Zone& zone);
/// InvalidArgument: a number that is none, or out of bounds.
Result<std::uint64_t> number_parameter(const ApiRequest& request, std::string_view name,
                                       std::uint64_t otherwise, std::uint64_t least, std::uint64_t most);
/// InvalidArgument: a text is searched for. The store has previews only: sums over what they contain would be
/// wrong, and look exact.
Result<void> no_text(const store::Selection& selection);
/// Fields with commas, or "none".
Result<std::vector<store::Field>> fields_parameter(const ApiRequest& request, std::string_view name,
                                                   std::string_view otherwise);
Result<store::Bucket> bucket_parameter(const ApiRequest& request, std::string_view unit);

}  // namespace steno::server
