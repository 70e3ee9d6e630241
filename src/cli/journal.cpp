#include "base/json_writer.hpp"
#include "cli/command.hpp"
#include "cli/composition.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"
#include "ingest/entry.hpp"
#include "io/file_system.hpp"
#include "journal/reader.hpp"
#include "record/binary.hpp"
#include "record/json.hpp"

#include <fmt/format.h>

#include <memory>

namespace steno::cli {

namespace {

struct DumpFlags {
    std::string data;
    std::string stream;
    std::uint64_t from = 1;
    bool payloads = false;
};

std::string_view kind_name(std::uint8_t kind) {
    switch (static_cast<ingest::EntryKind>(kind)) {
        case ingest::EntryKind::Opening:
            return "opening";
        case ingest::EntryKind::Closing:
            return "closing";
        case ingest::EntryKind::Complete:
            return "complete";
        case ingest::EntryKind::Said:
            return "said";
    }
    return "journal's own";
}

void print_json(const journal::Record& record, bool payloads) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("position", record.position.to_string());
    json.member("segment", record.segment);
    json.member("offset", record.offset);
    json.member("size", record.size);
    json.member("kind", kind_name(record.kind));
    if (record.opens) json.member("opens", record.opens->to_string());
    if (record.closes) json.member("closes", record.closes->to_string());
    if (record.adopts) json.member("adopts", record.adopts->at.to_string());
    json.key("payload_bytes");
    json.begin_array();
    for (const journal::StoredPayload& payload : record.payloads)
        json.number(std::uint64_t{payload.bytes.size()});
    json.end_array();
    if (const auto header = ingest::read_entry_header(record.header)) {
        if (header->opening) json.member("opening", header->opening->to_string());
        Call call;
        const auto kind = static_cast<ingest::EntryKind>(record.kind);
        const bool is_call = kind == ingest::EntryKind::Opening || kind == ingest::EntryKind::Closing ||
                             kind == ingest::EntryKind::Complete;
        if (is_call && decode(header->call, call)) {
            for (const journal::StoredPayload& payload : record.payloads) {
                if (payloads && !payload.redacted && !decode(payload.bytes, call)) break;
            }
            json.member_raw("call", to_json(call, {.payload = payloads}));
        }
    }
    json.end_object();
    fmt::print("{}\n", out);
}

Result<int> dump(const Program& program, const DumpFlags& flags) {
    STENO_ASSIGN(const Config config, program.config(flags.data));
    STENO_ASSIGN(const auto reader, journal::Reader::open(io::posix_file_system(), config.data_dir));
    STENO_ASSIGN(const auto streams, reader->streams());
    bool damaged = false;
    for (const journal::StreamInfo& stream : streams) {
        if (!flags.stream.empty() && stream.id.to_string() != flags.stream) continue;
        if (!program.json) {
            fmt::print("{} {}  records {}–{}, {} segments, {} bytes{}\n", paint("stream", Colour::Bold),
                       stream.id.to_string(), stream.first_sequence, stream.durable, stream.segments,
                       grouped(static_cast<std::int64_t>(stream.bytes)), stream.closed ? ", closed" : "");
        }
        STENO_ASSIGN(const auto cursor, reader->scan(stream.id, flags.from));
        for (;;) {
            auto record = cursor->next();
            if (!record) {
                if (record.error().code != Code::DataLoss) return std::unexpected(std::move(record).error());
                damaged = true;
                fmt::print(stderr, "damage: {}\n", record.error().message);
                STENO_ASSIGN(const bool skipped, cursor->skip_damage());
                if (!skipped) break;
                continue;
            }
            if (!*record) break;
            if (program.json) {
                print_json(**record, flags.payloads);
                continue;
            }
            const std::string id = (*record)->opens    ? (*record)->opens->to_string()
                                   : (*record)->closes ? (*record)->closes->to_string()
                                   : (*record)->adopts ? (*record)->adopts->id.to_string() + " (orphan)"
                                                       : "";
            std::size_t payload_bytes = 0;
            for (const journal::StoredPayload& payload : (*record)->payloads)
                payload_bytes += payload.bytes.size();
            fmt::print("{:>10}  {}:{:<10} {:<9} {}  header {} + payload {} bytes\n",
                       (*record)->position.sequence, (*record)->segment, (*record)->offset,
                       kind_name((*record)->kind), id, (*record)->header.size(), payload_bytes);
        }
    }
    return damaged ? facts_of(Code::DataLoss).exit_code : 0;
}

/// For a folder that no server has: a server does it by itself.
Result<int> seal(const Program& program, const std::string& data) {
    STENO_ASSIGN(const Config config, program.config(data));
    STENO_ASSIGN(const auto parts, Composition::open(config, Composition::Use::Look));
    STENO_TRY(parts->data().feeder().catch_up(std::chrono::hours(24)));
    STENO_TRY(parts->custodian().seal_all());
    STENO_TRY(parts->custodian().drop_superseded());
    STENO_TRY(parts->custodian().apply_retention());
    const custody::CustodyStats stats = parts->custodian().stats();
    if (program.json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("sealed_segments", stats.sealed_segments);
        json.member("sealed_bytes_before", stats.sealed_bytes_before);
        json.member("sealed_bytes_after", stats.sealed_bytes_after);
        json.member("redacted_segments", stats.redacted_segments);
        json.member("removed_segments", stats.removed_segments);
        json.end_object();
        fmt::print("{}\n", out);
        return 0;
    }
    if (stats.sealed_segments == 0) {
        fmt::print(
            "Nothing to seal: a journal file is sealed when it is full, or when its process has ended.\n");
    } else {
        fmt::print("{} files sealed: {} bytes are {} now ({:.1f} %)\n", stats.sealed_segments,
                   grouped(static_cast<std::int64_t>(stats.sealed_bytes_before)),
                   grouped(static_cast<std::int64_t>(stats.sealed_bytes_after)),
                   100.0 * static_cast<double>(stats.sealed_bytes_after) /
                       static_cast<double>(stats.sealed_bytes_before));
    }
    if (stats.redacted_segments > 0)
        fmt::print("Retention removed prompts and answers from {} files.\n", stats.redacted_segments);
    if (stats.removed_segments > 0) fmt::print("Retention removed {} files whole.\n", stats.removed_segments);
    return 0;
}

}  // namespace

void add_journal(Program& program) {
    CLI::App* journal = program.app.add_subcommand("journal", "Look into the journal itself");
    journal->require_subcommand(1);
    CLI::App* command = program.add(*journal, "dump", "Every record with its place, as it stands on disk",
                                    "  steno journal dump --data ./record\n"
                                    "  steno journal dump --json --payloads | jq .call\n");
    const auto flags = std::make_shared<DumpFlags>();
    command->add_option("--data", flags->data, "the data folder (default steno-data)");
    command->add_option("--stream", flags->stream, "only this stream");
    command->add_option("--from", flags->from, "from this sequence on");
    command->add_flag("--payloads", flags->payloads, "with --json: prompts and answers too");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return dump(p, *flags); }; });

    CLI::App* sealing =
        program.add(*journal, "seal",
                    "Compress the journal files that are full, and remove what the settings of retention say "
                    "(a server does both by itself)",
                    "  steno journal seal --data ./record\n");
    const auto data = std::make_shared<std::string>();
    sealing->add_option("--data", *data, "the data folder (default steno-data)");
    sealing->callback([data, &program] { program.run = [data](Program& p) { return seal(p, *data); }; });
    show_examples_of_commands(*journal);
}

}  // namespace steno::cli
