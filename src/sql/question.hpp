#pragma once

#include "base/error.hpp"
#include "store/view_scan.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What travels between the server and its worker, beside rows.
namespace steno::sql {

/// To the worker.
struct Question {
    std::string query;
    std::uint64_t max_rows = 0;
    std::uint64_t memory_bytes = 0;  ///< for the engine
    std::vector<store::View> views;
};
std::string encode(const Question& question);
Result<Question> decode_question(std::string_view body);

/// From the worker: a scan that it needs.
struct ScanWanted {
    std::size_t view = 0;
    std::vector<std::size_t> columns;
    std::vector<store::ViewCondition> conditions;
    /// The texts go unchanged from the view to the answer: in their place a reference will do, and only the
    /// rows of the answer are read in the journal.
    bool by_reference = false;
};
std::string encode(const ScanWanted& scan);
/// InvalidArgument: a condition's value is not of its column's type, or there is no such column.
Result<ScanWanted> decode_scan(std::string_view body, std::span<const store::View> views);

/// From the worker: a column of the answer.
struct AnswerColumn {
    std::string name;
    FieldType type = FieldType::Text;  ///< as it travels
    std::string engine_type;           ///< as the engine names it: "DECIMAL(38,12)"
};
std::string encode(std::span<const AnswerColumn> columns);
Result<std::vector<AnswerColumn>> decode_columns(std::string_view body);

}  // namespace steno::sql
