#include "journal/verify.hpp"

#include "base/json_writer.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"
#include "io/folder_lock.hpp"
#include "journal/journal.hpp"
#include "store/duckdb/duckdb_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace steno::cli {

namespace {

struct VerifyFlags {
    std::string data;
    std::string against;
    bool export_head = false;
};

std::string to_json(const journal::Report& report) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("intact", report.intact);
    json.key("streams");
    json.begin_array();
    for (const journal::StreamReport& stream : report.streams) {
        json.begin_object();
        json.member("stream", stream.id.to_string());
        json.member("records", stream.records);
        json.member("payloads", stream.payloads);
        json.member("redacted", stream.redacted);
        json.member("removed_through", stream.trimmed);
        json.member("segments", stream.segments);
        json.member("bytes", stream.bytes);
        json.member("torn_bytes", stream.torn_bytes);
        json.member("closed", stream.closed);
        json.member("against_head", stream.against_head);
        if (stream.first_damage) {
            json.key("damage");
            json.begin_object();
            json.member("kind", journal::name_of(stream.first_damage->kind));
            if (stream.first_damage->segment != 0) {
                json.member("segment", stream.first_damage->segment);
                json.member("offset", stream.first_damage->offset);
            }
            json.member("sequence", stream.first_damage->sequence);
            json.member("reason", stream.first_damage->reason);
            json.end_object();
        }
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return out;
}

/// Where the damage is and what it is stands below the table, in full.
std::string verdict_on(const journal::StreamReport& stream, bool against) {
    std::string verdict(stream.first_damage ? journal::name_of(stream.first_damage->kind) : "intact");
    if (stream.trimmed > 0) verdict += fmt::format(", removed up to record {}", stream.trimmed);
    if (against) {
        verdict += stream.against_head ? fmt::format(", head compared up to record {}", stream.head_sequence)
                                       : std::string(", not in the head");
    }
    if (stream.torn_bytes > 0)
        verdict += fmt::format(", and {} bytes of an unfinished write", stream.torn_bytes);
    return verdict;
}

void print(const journal::Report& report, bool against) {
    Table table({{"stream"},
                 {"records", true},
                 {"payloads", true},
                 {"redacted", true},
                 {"bytes", true},
                 {"end"},
                 {"verdict"}});
    for (const journal::StreamReport& stream : report.streams) {
        table.row({stream.id.to_string(), grouped(static_cast<std::int64_t>(stream.records)),
                   grouped(static_cast<std::int64_t>(stream.payloads)),
                   grouped(static_cast<std::int64_t>(stream.redacted)),
                   grouped(static_cast<std::int64_t>(stream.bytes)), stream.closed ? "closed" : "open",
                   verdict_on(stream, against)},
                  {Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain,
                   stream.first_damage ? Colour::Red : Colour::Green});
    }
    table.print();
    for (const journal::StreamReport& stream : report.streams) {
        if (!stream.first_damage) continue;
        const journal::Damage& damage = *stream.first_damage;
        std::string place = fmt::format("at record {}", damage.sequence);
        if (damage.segment != 0)
            place += fmt::format(", segment {}, offset {}", damage.segment, damage.offset);
        fmt::print("\n{}: {} {}: {}\n", stream.id.to_string(), journal::name_of(damage.kind), place,
                   printable(damage.reason));
    }
}

/// Streams that the store was fed from and that the journal does not have: retention leaves the folder of one
/// whose records it removes. A store that is missing, or cannot be opened, knows nothing.
void add_missing_streams(const std::string& data_folder, journal::Report& report) {
    const std::string folder = data_folder + "/store";
    if (!io::posix_file_system().exists(folder + "/calls.duckdb")) return;
    store::DuckdbOptions options;
    options.folder = folder;
    const auto store = store::open_duckdb_store(options);
    if (!store) return;
    const auto watermarks = (*store)->watermarks();
    if (!watermarks) return;
    for (const store::Watermark& mark : *watermarks) {
        if (mark.sequence == 0 || std::ranges::find(report.streams, mark.stream,
                                                    &journal::StreamReport::id) != report.streams.end())
            continue;
        journal::StreamReport stream;
        stream.id = mark.stream;
        stream.first_damage = {.kind = journal::DamageKind::Missing,
                               .sequence = 1,
                               .reason = fmt::format("the store has read {} records of this stream, and its "
                                                     "folder in journal/ is gone",
                                                     mark.sequence)};
        report.streams.push_back(std::move(stream));
        report.intact = false;
    }
}

Result<int> verify(const Program& program, const VerifyFlags& flags) {
    STENO_ASSIGN(const Config config, program.config(flags.data));
    io::FileSystem& files = io::posix_file_system();
    if (!files.exists(config.data_dir + "/journal")) {
        return fail(Code::NotFound, "there is no record in " + config.data_dir,
                    "name its folder with --data DIR");
    }
    auto lock = io::FolderLock::take(files, config.data_dir);
    if (!lock && lock.error().code == Code::FailedPrecondition) {
        return fail(Code::FailedPrecondition, "a server is writing to " + config.data_dir,
                    "stop it, or verify a copy of the folder");
    }
    if (!lock) return std::unexpected(std::move(lock).error());
    if (flags.export_head) {
        journal::Options options;
        options.begin_at_once = false;
        STENO_ASSIGN(const auto journal, journal::Journal::open(files, config.data_dir, std::move(options)));
        STENO_ASSIGN(const std::string head, journal->export_head());
        fmt::print("{}\n", head);
        return 0;
    }
    std::optional<std::string> head;
    if (!flags.against.empty()) {
        STENO_ASSIGN(head, io::read_file(files, flags.against, 16 << 20));
    }
    STENO_ASSIGN(journal::Report report, journal::verify(files, config.data_dir, head));
    add_missing_streams(config.data_dir, report);
    if (program.json) {
        fmt::print("{}\n", to_json(report));
    } else {
        print(report, head.has_value());
    }
    return report.intact ? 0 : facts_of(Code::DataLoss).exit_code;
}

}  // namespace

void add_verify(Program& program) {
    CLI::App* command =
        program.add(program.app, "verify", "Prove that the record is what was written; exit code 11 if not",
                    "  steno verify --data ./record\n"
                    "  steno verify --export-head > head.json      keep it somewhere else\n"
                    "  steno verify --against head.json            nothing before that head was altered\n");
    const auto flags = std::make_shared<VerifyFlags>();
    command->add_option("--data", flags->data,
                        "the data folder (default steno-data); no server may be using it");
    command->add_option("--against", flags->against, "a head that was exported before");
    command->add_flag("--export-head", flags->export_head, "print the signed heads of all streams");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return verify(p, *flags); }; });
}

}  // namespace steno::cli
