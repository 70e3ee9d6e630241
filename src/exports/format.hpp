#pragma once

#include "base/error.hpp"
#include "exports/row_text.hpp"
#include "exports/table.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// A table of typed columns and rows → a file of a format. What each type becomes in each format:
/// docs/exports.md.
namespace steno::exports {

struct Options {
    /// Excel: rows of a sheet, its head included. More go to further sheets.
    std::uint32_t sheet_rows = kSheetRows;
    static constexpr std::uint32_t kSheetRows = 1'048'576;
};

struct Outcome {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    // Of Excel, which has bounds:
    std::uint64_t sheets = 0;
    std::uint64_t cut_texts = 0;        ///< longer than a cell's 32,767 characters
    std::uint64_t rounded_numbers = 0;  ///< of more digits than its 15
};

struct Format {
    std::string_view name;      ///< "csv", as --format takes it
    std::string_view suffixes;  ///< of files, with commas: "jsonl,ndjson"
    std::string_view media_type;
    /// Of what can be written to what is no file: its text, row by row. Null of the others.
    std::unique_ptr<RowText> (*text)(std::span<const Column> columns);
    /// Writes all rows to the file, which is made anew, and has it on disk when it returns. "-": standard
    /// output.
    Result<Outcome> (*write)(const Format& format, Rows& rows, const std::string& path,
                             const Options& options);
};

/// The one table. Lives as long as the program.
std::span<const Format> formats();
/// InvalidArgument names those that there are.
Result<const Format*> format_named(std::string_view name);
/// By the file's suffix, ignoring case. InvalidArgument: it has none of ours.
Result<const Format*> format_of_file(std::string_view path);

/// Writes the table to `path`, or to standard output ("-"), so that a file appears when it is whole
/// (write_whole in output.hpp). ResourceExhausted: the disk is full. Cancelled: whoever read our output has
/// gone.
Result<Outcome> write_table(Rows& rows, const Format& format, const std::string& path,
                            const Options& options = {});

// The rows of the table.
Result<Outcome> write_text(const Format& format, Rows& rows, const std::string& path, const Options& options);
Result<Outcome> write_xlsx(const Format& format, Rows& rows, const std::string& path, const Options& options);
Result<Outcome> write_parquet(const Format& format, Rows& rows, const std::string& path,
                              const Options& options);

}  // namespace steno::exports
