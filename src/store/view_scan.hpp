#pragma once

#include "base/error.hpp"
#include "record/field_table.hpp"
#include "store/call_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The record as tables for SQL that people write (src/sql): what they are, and some columns of all rows, a
/// batch at a time.
namespace steno::store {

/// Of a column whose values are no columns of the store: which text of the call it is, read from the journal.
enum class ViewText : std::uint8_t {
    None,
    Messages,      ///< JSON: [{role, content}]
    Answer,        ///< the texts of the answer
    FunctionCall,  ///< JSON: the tool calls that the model wants to be made
    Prompt,        ///< the texts of the request, one message below the other
    Variables,     ///< JSON: of the prompt
    Structured,    ///< JSON: the answer where it is an object or array
};

struct ViewColumn {
    std::string name;
    FieldType type = FieldType::Text;  ///< Text, Json, Integer, Number, Boolean, Timestamp, Uuid, Decimal
    ViewText text = ViewText::None;
};

struct View {
    std::string name;
    std::vector<ViewColumn> columns;
};

struct ViewCondition {
    std::size_t column = 0;
    Op op = Op::Eq;  ///< Eq, Lt, Le, Gt, Ge
    Value value;     ///< of the column's type
};

/// Gives the texts that are wanted of a call, one for each; absent where the call has none.
using TextSource = std::function<Result<std::vector<std::optional<std::string>>>(
    const Row& positions, std::span<const ViewText> wanted)>;

struct ViewQuery {
    std::size_t view = 0;
    std::vector<std::size_t> columns;  ///< may be empty: then the rows are only counted
    /// Rows for which one of them does not hold may be left out.
    std::vector<ViewCondition> conditions;
    TextSource texts;  ///< asked for each row if a column is a text
    /// Asked now and then, on the thread that begins the scan or wants its rows; its error ends the scan.
    std::function<Result<void>()> wanted;
};

/// Of one call, in bytes: what a scan gives at most. Batches end sooner than that.
inline constexpr std::size_t kMostTexts = 32u << 20;

/// One thread at a time. Holds one of the store's concurrent reads until it is destroyed.
class ViewScan {
  public:
    virtual ~ViewScan() = default;
    /// The next rows, as store/duckdb/batch.hpp has them. Empty: there are no more. ResourceExhausted: a
    /// call's texts are larger than kMostTexts.
    virtual Result<std::string> next() = 0;
};

/// What a backend with tables is beside a CallStore. Threads as there.
class ViewScanner {
  public:
    virtual ~ViewScanner() = default;
    /// Lives as long as the store.
    virtual Result<std::span<const View>> views() = 0;
    /// InvalidArgument: there is no such view or column, or a value is not of its column's type.
    virtual Result<std::unique_ptr<ViewScan>> scan_view(ViewQuery query) = 0;
};

/// The store, as one. Unimplemented: its backend is none.
Result<ViewScanner*> view_scanner_of(CallStore& store);

}  // namespace steno::store
