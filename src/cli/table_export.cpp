#include "cli/table_export.hpp"

#include "base/time.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace steno::cli {

namespace {

std::string size_text(std::uint64_t bytes) {
    if (bytes < 10'000) return fmt::format("{} bytes", grouped(static_cast<std::int64_t>(bytes)));
    if (bytes < 10'000'000) return fmt::format("{:.0f} kB", static_cast<double>(bytes) / 1e3);
    return fmt::format("{} MB", grouped(static_cast<std::int64_t>(bytes / 1'000'000)));
}

/// The rows, counted as they pass.
class Counted final : public exports::Rows {
  public:
    Counted(exports::Rows& rows, std::string_view what, std::uint64_t total)
        : rows_(rows), what_(what), total_(total), progress_("exported") {}

    std::span<const exports::Column> columns() const override { return rows_.columns(); }
    Result<std::span<const FieldValue>> next() override {
        if (++count_ % 256 == 0) {
            const double seconds = static_cast<double>(system_clock().steady_nanos() - begun_) / 1e9;
            const auto rate = static_cast<std::int64_t>(static_cast<double>(count_) / seconds);
            progress_.at(count_, total_,
                         fmt::format("{} {}, {} a second", grouped(static_cast<std::int64_t>(count_)), what_,
                                     grouped(rate)));
        }
        return rows_.next();
    }

  private:
    exports::Rows& rows_;
    std::string_view what_;
    std::uint64_t total_;
    std::uint64_t count_ = 0;
    std::int64_t begun_ = system_clock().steady_nanos();
    Progress progress_;
};

}  // namespace

void add_target(CLI::App& command, TargetFlags& flags) {
    std::string names;
    for (const exports::Format& format : exports::formats())
        names += (names.empty() ? "" : ", ") + std::string(format.name);
    command.add_option("--format", flags.format, names + " (default: as the name of --output says)");
    command.add_option("--output,-o", flags.output, "the file to write; - is standard output");
    command
        .add_option("--sheet-rows", flags.options.sheet_rows,
                    "of xlsx: rows of a sheet, its head included; more go to further sheets")
        ->check(CLI::Range(2U, exports::Options::kSheetRows));
}

Result<const exports::Format*> format_of(const TargetFlags& flags, std::string_view otherwise) {
    const bool file = !flags.output.empty() && flags.output != "-";
    STENO_ASSIGN(const exports::Format* format, !flags.format.empty() ? exports::format_named(flags.format)
                                                : file                ? exports::format_of_file(flags.output)
                                                                      : exports::format_named(otherwise));
    if (!file && !format->streams)
        return fail(Code::InvalidArgument, fmt::format("{} can be written to files only", format->name),
                    fmt::format("--output FILE.{}", format->name));
    return format;
}

Result<void> export_table(exports::Rows& rows, const exports::Format& format, const TargetFlags& flags,
                          std::string_view what, std::uint64_t total) {
    const std::string path = flags.output.empty() ? "-" : flags.output;
    const auto written = [&] {
        Counted counted(rows, what, total);
        return exports::write_table(counted, format, path, flags.options);
    }();
    // As fmt::print says it.
    if (!written && written.error().code == Code::Cancelled)
        throw std::system_error(EPIPE, std::generic_category(), "the output cannot be written");
    if (!written) return std::unexpected(written.error());
    if (path == "-") return {};
    fmt::print(stderr, "{} {} in {} ({}{})\n", grouped(static_cast<std::int64_t>(written->rows)), what,
               printable(path), size_text(written->bytes),
               written->sheets > 1 ? fmt::format(", {} sheets", written->sheets) : "");
    if (written->cut_texts > 0)
        fmt::print(
            stderr,
            "warning: {} texts are longer than the 32,767 characters of a cell and were cut, with a word "
            "at their end; csv, jsonl and parquet have all of them\n",
            grouped(static_cast<std::int64_t>(written->cut_texts)));
    if (written->rounded_numbers > 0)
        fmt::print(
            stderr,
            "warning: {} numbers have more than the 15 digits that Excel keeps; csv, jsonl and parquet have "
            "all of them\n",
            grouped(static_cast<std::int64_t>(written->rounded_numbers)));
    return {};
}

}  // namespace steno::cli
