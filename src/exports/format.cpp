#include "exports/format.hpp"

#include "base/text.hpp"
#include "exports/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace steno::exports {

namespace {

std::string names() {
    std::vector<std::string_view> all;
    for (const Format& format : formats()) all.push_back(format.name);
    return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

std::span<const Format> formats() {
    static constexpr std::array kFormats{
        Format{"json", "json", "application/json", json_text, write_text},
        Format{"jsonl", "jsonl,ndjson", "application/x-ndjson", jsonl_text, write_text},
        Format{"csv", "csv", "text/csv; charset=utf-8", csv_text, write_text},
        Format{"xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", nullptr,
               write_xlsx},
        Format{"parquet", "parquet", "application/vnd.apache.parquet", nullptr, write_parquet},
    };
    return kFormats;
}

Result<const Format*> format_named(std::string_view name) {
    const auto found = std::ranges::find(formats(), name, &Format::name);
    if (found != formats().end()) return &*found;
    return fail(Code::InvalidArgument, fmt::format("unknown format {}", utf8_prefix(name, 80)),
                fmt::format("one of {}", names()));
}

Result<const Format*> format_of_file(std::string_view path) {
    const std::size_t dot = path.find_last_of("./");
    const std::string suffix =
        dot == std::string_view::npos || path[dot] == '/' ? "" : lower_case(path.substr(dot + 1));
    for (const Format& format : formats())
        for (const std::string_view own : split(format.suffixes, ','))
            if (own == suffix) return &format;
    return fail(Code::InvalidArgument,
                fmt::format("what to write cannot be told from the name {}", utf8_prefix(path, 200)),
                fmt::format("--format with one of {}", names()));
}

Result<Outcome> write_text(const Format& format, Rows& rows, const std::string& path, const Options&) {
    STENO_ASSIGN(Output output, Output::open(path));
    const std::unique_ptr<RowText> text = format.text(rows.columns());
    Outcome outcome;
    std::string line;
    text->begin(line);
    for (;;) {
        STENO_TRY(output.write(line));
        line.clear();
        STENO_ASSIGN(const auto row, rows.next());
        if (row.empty()) break;
        ++outcome.rows;
        text->row(line, row);
    }
    text->end(line);
    STENO_TRY(output.write(line));
    STENO_TRY(output.finish());
    outcome.bytes = output.size();
    return outcome;
}

Result<Outcome> write_table(Rows& rows, const Format& format, const std::string& path,
                            const Options& options) {
    Outcome outcome;
    STENO_TRY(
        write_whole(path, format.text ? "" : format.name, [&](const std::string& to) -> Result<void> {
            STENO_ASSIGN(outcome, format.write(format, rows, to, options));
            return {};
        }));
    return outcome;
}

}  // namespace steno::exports
