#pragma once

#include "base/error.hpp"
#include "exports/format.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace steno::cli {

/// Where a table goes, in the words of the flags.
struct TargetFlags {
    std::string format;  ///< empty: as the file's name says
    std::string output;  ///< "-": standard output
    exports::Options options;
    [[nodiscard]] bool wanted() const { return !format.empty() || !output.empty(); }
};

void add_target(CLI::App& command, TargetFlags& flags);

/// The format that they come to; without one in the flags and in the file's name, `otherwise`.
/// InvalidArgument: none, or one that needs the name of a file.
Result<const exports::Format*> format_of(const TargetFlags& flags, std::string_view otherwise);

/// Writes the table, with its progress on standard error, and says there what became of it if it is a file.
/// `what` is in the rows: "calls". `total`: how many there are about; 0: not known.
Result<void> export_table(exports::Rows& rows, const exports::Format& format, const TargetFlags& flags,
                          std::string_view what, std::uint64_t total);

/// The same for a table that comes as text of the format: `bring` gives each piece of it to its argument.
using TakePiece = std::function<Result<void>(std::string_view)>;
Result<void> export_text(const std::function<Result<void>(const TakePiece&)>& bring,
                         const exports::Format& format, const TargetFlags& flags, std::string_view what,
                         std::uint64_t total);

}  // namespace steno::cli
