#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "record/binary.hpp"
#include "record/call.hpp"
#include "store/query.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What can be asked about the calls that a store holds.
namespace steno::store {

/// One call as the store keeps it: all columns and the preview. Payload fields (messages, raw, …) live in the
/// journal alone, at these positions.
struct Row {
    Call call;
    Position closed_at;                 ///< the record that ended the call; its response payload stands there
    std::optional<Position> opened_at;  ///< the record with the request payload, if that is another one

    friend bool operator==(const Row&, const Row&) = default;
};

struct Page {
    std::vector<Row> rows;
    std::optional<std::string> next_cursor;  ///< absent: this was the last page
};

/// Where a call's records stand in the journal, and its place in the order of time.
struct CallPositions {
    Uuid id;
    std::string project;
    std::optional<Timestamp> started_at;
    Position closed_at;
    std::optional<Position> opened_at;

    friend bool operator==(const CallPositions&, const CallPositions&) = default;
};

/// Answers about calls. Of a CallStore itself each answer is about the calls as they are then; of a snapshot
/// (CallStore::snapshot) all answers are about the same calls, so that they fit each other: groups add up to
/// their total.
///
/// Threads: any. Where as many ask at once as are answered at once, others wait for their turn, and get
/// ResourceExhausted if that does not come; reads that take too long give DeadlineExceeded.
class CallQueries {
  public:
    virtual ~CallQueries() = default;

    /// A page of calls. InvalidArgument: a field, value or cursor that does not fit, with what would.
    virtual Result<Page> find(const CallQuery& query) = 0;

    /// As `find`, and far cheaper: for those who read the journal next. At most kMaxPositions; fewer than the
    /// limit means that there are no more. To go on behind one of them, give a cursor made of its call.
    virtual Result<std::vector<CallPositions>> positions(const CallQuery& query) = 0;

    /// The call with this id; without a project: of any (the latest, if several projects have it).
    virtual Result<std::optional<Row>> get(const Uuid& id, std::optional<std::string_view> project = {}) = 0;

    virtual Result<AggregateTable> aggregate(const AggregateQuery& query) = 0;

    virtual Result<std::uint64_t> count(const Selection& selection) = 0;
};

}  // namespace steno::store
