#include "exports/format.hpp"

#include "base/text.hpp"
#include "exports/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace steno::exports {

namespace {

std::string names() {
    std::vector<std::string_view> all;
    for (const Format& format : formats()) all.push_back(format.name);
    return fmt::format("{}", fmt::join(all, ", "));
}

/// The name of a file in this folder lasts.
void sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
        fsync(fd);
        close(fd);
    }
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
    return write_whole(path, format.text != nullptr, format.name,
                       [&](const std::string& to) { return format.write(format, rows, to, options); });
}

Result<Outcome> write_whole(const std::string& path, bool streams, std::string_view format,
                            const std::function<Result<Outcome>(const std::string& path)>& write) {
    struct stat there{};
    const bool exists = path != "-" && stat(path.c_str(), &there) == 0;
    if (exists && S_ISDIR(there.st_mode))
        return fail(Code::InvalidArgument, fmt::format("{} is a folder", path), "name a file in it");
    if (path == "-" || (exists && !S_ISREG(there.st_mode))) {
        if (!streams)
            return fail(Code::InvalidArgument, fmt::format("{} can be written to files only", format),
                        fmt::format("--output FILE.{}", format));
        return write(path);
    }
    const std::string part = path + ".part";
    auto outcome = write(part);
    if (outcome && std::rename(part.c_str(), path.c_str()) != 0)
        outcome = fail(Code::Unavailable, fmt::format("naming {}: {}", path, std::strerror(errno)));
    if (!outcome) {
        unlink(part.c_str());
        return outcome;
    }
    sync_folder_of(path);
    return outcome;
}

}  // namespace steno::exports
