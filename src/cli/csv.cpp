#include "cli/csv.hpp"

#include "cli/call_view.hpp"
#include "record/field_table.hpp"

#include <algorithm>

namespace steno::cli {

namespace {

/// The cell with what separates it from the next.
void append_cell(std::string& line, std::string cell, bool text) {
    // A prompt that begins with "=" must not become a formula in whoever's spreadsheet opens this.
    if (text && !cell.empty() && std::string_view("=+-@\t\r").find(cell.front()) != std::string_view::npos) {
        cell.insert(cell.begin(), '\'');
    }
    if (cell.find_first_of(",\"\n\r") == std::string::npos) {
        line += cell + ",";
        return;
    }
    line += '"';
    for (const char c : cell) {
        if (c == '"') line += '"';
        line += c;
    }
    line += "\",";
}

void end_line(std::string& line) {
    line.pop_back();
    line += "\r\n";
}

}  // namespace

CsvWriter::CsvWriter(std::FILE* out) : out_(out) {
    for (const FieldInfo& info : scalar_fields()) {
        if (info.place != Place::Header && !info.path.starts_with("preview.")) continue;
        append_cell(head_, info.path, false);
        std::string pointer = "/" + info.path;
        std::ranges::replace(pointer, '.', '/');
        pointers_.push_back(std::move(pointer));
    }
    end_line(head_);
}

Result<void> CsvWriter::write(std::string_view text) {
    simdjson::dom::element call;
    if (parser_.parse(text.data(), text.size()).get(call) != simdjson::SUCCESS) {
        return fail(Code::InvalidArgument,
                    "a call holds a number beyond 64 bits, which a cell cannot show exactly",
                    "--format jsonl passes it on as it stands");
    }
    if (!head_written_) {
        head_written_ = true;
        std::fputs(head_.c_str(), out_);
    }
    std::string line;
    for (const std::string& pointer : pointers_) {
        simdjson::dom::element value;
        const bool is_text = call.at_pointer(pointer).get(value) == simdjson::SUCCESS && value.is_string();
        append_cell(line, text_at(call, pointer.c_str()), is_text);
    }
    end_line(line);
    std::fputs(line.c_str(), out_);
    return {};
}

}  // namespace steno::cli
