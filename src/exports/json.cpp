#include "base/json_writer.hpp"
#include "exports/cell.hpp"
#include "exports/row_text.hpp"

#include <string_view>
#include <utility>
#include <vector>

// JSON (RFC 8259): an array of rows. JSON Lines: a row a line.
namespace steno::exports {

namespace {

/// A row is an object of the cells that are there. What stands between rows, and around all of them, differs.
class JsonText final : public RowText {
  public:
    struct Frame {
        std::string_view first, between, last, none;
    };
    JsonText(std::span<const Column> columns, const Frame& frame) : columns_(columns), frame_(frame) {
        for (const Column& column : columns) {
            names_.emplace_back();
            append_json_string(names_.back(), column.name);
            names_.back() += ':';
        }
        values_only_ = columns.size() == 1 && columns[0].name.empty() && columns[0].type == FieldType::Json;
    }

    void begin(std::string&) override {}
    void row(std::string& out, std::span<const FieldValue> cells) override {
        out += std::exchange(any_, true) ? frame_.between : frame_.first;
        if (values_only_) return append_json(out, FieldType::Json, cells[0]);
        char before = '{';
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (std::holds_alternative<std::monostate>(cells[i])) continue;
            out += before;
            before = ',';
            out += names_[i];
            append_json(out, columns_[i].type, cells[i]);
        }
        out += before == '{' ? "{}" : "}";
    }
    void end(std::string& out) override { out += any_ ? frame_.last : frame_.none; }

  private:
    std::span<const Column> columns_;
    const Frame frame_;
    std::vector<std::string> names_;  ///< "\"usage.input_tokens\":"
    bool values_only_;
    bool any_ = false;
};

}  // namespace

std::unique_ptr<RowText> json_text(std::span<const Column> columns) {
    return std::make_unique<JsonText>(columns, JsonText::Frame{"[\n", ",\n", "\n]\n", "[]\n"});
}

std::unique_ptr<RowText> jsonl_text(std::span<const Column> columns) {
    return std::make_unique<JsonText>(columns, JsonText::Frame{"", "\n", "\n", ""});
}

}  // namespace steno::exports
