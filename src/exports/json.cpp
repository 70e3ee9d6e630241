#include "base/json_writer.hpp"
#include "exports/cell.hpp"
#include "exports/format.hpp"
#include "exports/output.hpp"

#include <vector>

// JSON (RFC 8259): an array of rows. JSON Lines: a row a line. A row is an object of the cells that are
// there.
namespace steno::exports {

namespace {

class RowText {
  public:
    explicit RowText(std::span<const Column> columns) : columns_(columns) {
        for (const Column& column : columns) {
            names_.emplace_back();
            append_json_string(names_.back(), column.name);
            names_.back() += ':';
        }
        values_only_ = columns.size() == 1 && columns[0].name.empty() && columns[0].type == FieldType::Json;
    }

    void append(std::string& out, std::span<const FieldValue> row) const {
        if (values_only_) return append_json(out, FieldType::Json, row[0]);
        char before = '{';
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (std::holds_alternative<std::monostate>(row[i])) continue;
            out += before;
            before = ',';
            out += names_[i];
            append_json(out, columns_[i].type, row[i]);
        }
        out += before == '{' ? "{}" : "}";
    }

  private:
    std::span<const Column> columns_;
    std::vector<std::string> names_;  ///< "\"usage.input_tokens\":"
    bool values_only_;
};

Result<Outcome> write(Rows& rows, const std::string& path, std::string_view first, std::string_view between,
                      std::string_view last, std::string_view none) {
    STENO_ASSIGN(Output output, Output::open(path));
    const RowText text(rows.columns());
    Outcome outcome;
    std::string line;
    for (;;) {
        STENO_ASSIGN(const auto row, rows.next());
        if (row.empty()) break;
        line = outcome.rows++ == 0 ? first : between;
        text.append(line, row);
        STENO_TRY(output.write(line));
    }
    STENO_TRY(output.write(outcome.rows == 0 ? none : last));
    STENO_TRY(output.finish());
    outcome.bytes = output.size();
    return outcome;
}

}  // namespace

Result<Outcome> write_json(Rows& rows, const std::string& path, const Options&) {
    return write(rows, path, "[\n", ",\n", "\n]\n", "[]\n");
}

Result<Outcome> write_jsonl(Rows& rows, const std::string& path, const Options&) {
    return write(rows, path, "", "\n", "\n", "");
}

}  // namespace steno::exports
