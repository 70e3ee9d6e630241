#include "exports/cell.hpp"
#include "exports/row_text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

// CSV (RFC 4180): a head, lines that end in CR LF, quotes around cells that need them; UTF-8.
namespace steno::exports {

namespace {

/// Would a spreadsheet take this text for a formula? Or does it begin as a text that was made harmless does:
/// then it is marked as well, so that one ' at the beginning is always ours and can be taken away again. The
/// last four are the full-width forms of = + - @, which some spreadsheets read as these.
bool needs_mark(std::string_view text) {
    if (text.empty()) return false;
    switch (text.front()) {
        case '=':
        case '+':
        case '-':
        case '@':
        case '\t':
        case '\r':
        case '\n':
        case '\'':
            return true;
        default:
            return text.starts_with("\xef\xbc\x9d") || text.starts_with("\xef\xbc\x8b") ||
                   text.starts_with("\xef\xbc\x8d") || text.starts_with("\xef\xbc\xa0");
    }
}

void append_quoted(std::string& line, std::string_view text) {
    line += '"';
    for (std::size_t quote; (quote = text.find('"')) != std::string_view::npos;) {
        line += text.substr(0, quote);
        line += "\"\"";
        text.remove_prefix(quote + 1);
    }
    line += text;
    line += '"';
}

/// Takes what stands from `begin` on for a cell.
void quote_from(std::string& line, std::size_t begin) {
    static constexpr auto kSpecial = [] {
        std::array<bool, 256> special{};
        for (const unsigned char c : std::string_view(",\"\r\n")) special[c] = true;
        return special;
    }();
    if (std::none_of(line.begin() + static_cast<std::ptrdiff_t>(begin), line.end(),
                     [](char c) { return kSpecial[static_cast<unsigned char>(c)]; }))
        return;
    const std::string cell = line.substr(begin);
    line.resize(begin);
    append_quoted(line, cell);
}

void append_cell(std::string& line, bool running_text, const FieldValue& cell) {
    const std::size_t begin = line.size();
    if (const auto* text = std::get_if<std::string_view>(&cell)) {
        if (running_text && needs_mark(*text)) line += '\'';
        line += *text;
        quote_from(line, begin);
    } else {
        append_text(line, cell);
        if (cell.index() >= FieldValue(static_cast<const std::vector<std::string>*>(nullptr)).index())
            quote_from(line, begin);  // a list or a map
    }
}

class CsvText final : public RowText {
  public:
    explicit CsvText(std::span<const Column> columns) : columns_(columns) {
        for (const Column& column : columns) running_text_.push_back(is_running_text(column.type));
    }

    void begin(std::string& out) override {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (i > 0) out += ',';
            append_cell(out, true, std::string_view(columns_[i].name));
        }
        out += "\r\n";
    }
    void row(std::string& out, std::span<const FieldValue> cells) override {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (i > 0) out += ',';
            append_cell(out, running_text_[i], cells[i]);
        }
        out += "\r\n";
    }
    void end(std::string&) override {}

  private:
    std::span<const Column> columns_;
    std::vector<bool> running_text_;
};

}  // namespace

std::unique_ptr<RowText> csv_text(std::span<const Column> columns) {
    return std::make_unique<CsvText>(columns);
}

}  // namespace steno::exports
