#include "cli/table_export.hpp"

#include "base/time.hpp"
#include "cli/terminal.hpp"
#include "exports/output.hpp"

#include <fmt/format.h>

#include <algorithm>
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

/// How far an export has come, on standard error.
class ExportProgress {
  public:
    ExportProgress(std::string_view what, std::uint64_t total) : what_(what), total_(total) {}

    void at(std::uint64_t count) {
        const double seconds = static_cast<double>(system_clock().steady_nanos() - begun_) / 1e9;
        const auto rate = static_cast<std::int64_t>(static_cast<double>(count) / seconds);
        progress_.at(count, total_,
                     fmt::format("{} {}, {} a second", grouped(static_cast<std::int64_t>(count)), what_,
                                 grouped(rate)));
    }

  private:
    std::string_view what_;
    std::uint64_t total_;
    std::int64_t begun_ = system_clock().steady_nanos();
    Progress progress_{"exported"};
};

/// The rows, counted as they pass.
class Counted final : public exports::Rows {
  public:
    Counted(exports::Rows& rows, std::string_view what, std::uint64_t total)
        : rows_(rows), progress_(what, total) {}

    std::span<const exports::Column> columns() const override { return rows_.columns(); }
    Result<std::span<const FieldValue>> next() override {
        if (++count_ % 256 == 0) progress_.at(count_);
        return rows_.next();
    }

  private:
    exports::Rows& rows_;
    std::uint64_t count_ = 0;
    ExportProgress progress_;
};

/// The rows of a text of csv, jsonl or json, counted as it passes.
class RowCount {
  public:
    explicit RowCount(std::string_view format)
        : csv_(format == "csv"),
          around_(format == "json" ? 2
                  : csv_           ? 1
                                   : 0) {}

    void add(std::string_view piece) {
        for (const char c : piece) {
            quoted_ ^= csv_ && c == '"';
            lines_ += c == '\n' && !quoted_;
        }
    }
    [[nodiscard]] std::uint64_t rows() const { return lines_ - std::min(lines_, around_); }

  private:
    const bool csv_;
    const std::uint64_t around_;  ///< lines that are no rows
    bool quoted_ = false;
    std::uint64_t lines_ = 0;
};

Result<void> tell(Result<exports::Outcome> written, const std::string& path, std::string_view what) {
    // As fmt::print says it.
    if (!written && written.error().code == Code::Cancelled)
        throw std::system_error(EPIPE, std::generic_category(), "the output cannot be written");
    if (!written) return std::unexpected(written.error());
    if (path == "-") return {};
    fmt::print(stderr, "{} in {} ({}{})\n",
               counted(grouped(static_cast<std::int64_t>(written->rows)), what.substr(0, what.size() - 1)),
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
    if (!file && format->text == nullptr)
        return fail(Code::InvalidArgument, fmt::format("{} can be written to files only", format->name),
                    fmt::format("--output FILE.{}", format->name));
    return format;
}

Result<void> export_table(exports::Rows& rows, const exports::Format& format, const TargetFlags& flags,
                          std::string_view what, std::uint64_t total) {
    const std::string path = flags.output.empty() ? "-" : flags.output;
    auto written = [&] {
        Counted counted(rows, what, total);
        return exports::write_table(counted, format, path, flags.options);
    }();
    return tell(std::move(written), path, what);
}

Result<void> export_text(const std::function<Result<void>(const TakePiece&)>& bring,
                         const exports::Format& format, const TargetFlags& flags, std::string_view what,
                         std::uint64_t total) {
    const std::string path = flags.output.empty() ? "-" : flags.output;
    auto written = [&]() -> Result<exports::Outcome> {
        ExportProgress progress(what, total);
        exports::Outcome outcome;
        STENO_TRY(exports::write_whole(path, "", [&](const std::string& to) -> Result<void> {
            STENO_ASSIGN(exports::Output output, exports::Output::open(to));
            RowCount count(format.name);
            STENO_TRY(bring([&](std::string_view piece) {
                count.add(piece);
                progress.at(count.rows());
                return output.write(piece);
            }));
            STENO_TRY(output.finish());
            outcome.rows = count.rows();
            outcome.bytes = output.size();
            return {};
        }));
        return outcome;
    }();
    return tell(std::move(written), path, what);
}

}  // namespace steno::cli
