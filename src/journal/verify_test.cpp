#include "journal/verify.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "journal/format.hpp"
#include "journal/head.hpp"
#include "journal/segment_scanner.hpp"
#include "journal/test_journal.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

namespace steno::journal {
namespace {

constexpr int kRecords = 40;

/// A closed stream of several segments, and a head taken at its end.
struct Verify : testing::Test {
    Verify() {
        log::configure(log::Level::Off, false);
        Options options;
        options.segment_bytes = 4096;
        auto journal = open_journal(files, options);
        stream = journal->stream();
        for (int i = 1; i <= kRecords; ++i) {
            const std::string header = "header " + std::to_string(i) + std::string(100, '.');
            const Payload payloads[] = {{PayloadClass::Durable, "", "user-1", "prompt"},
                                        {PayloadClass::Durable, "", "", "answer"}};
            Entry entry = entry_of(header);
            entry.payloads = payloads;
            const Position position = must_append(*journal, entry);
            if (i % 4 == 0) EXPECT_TRUE(journal->wait_durable(position));
        }
        auto exported = journal->export_head();
        EXPECT_TRUE(exported);
        head = *exported;
        EXPECT_TRUE(journal->close());
        EXPECT_GT(segments().size(), 2U);
    }

    std::vector<SegmentFile> segments() { return list_segments(files, kFolder, stream)->segments; }

    std::string bytes_of(const std::string& path) { return *io::read_file(files, path, 1 << 20); }
    void write(const std::string& path, std::string_view bytes) {
        ASSERT_TRUE(io::replace_file(files, path, bytes));
    }

    /// The records of a segment's file, as bytes.
    static std::vector<std::string> records_of(const std::string& file, const SegmentFile& segment) {
        std::vector<std::string> records;
        for (std::size_t at = segment.header.header_size; at < file.size();) {
            const auto prefix = parse_prefix(std::string_view(file).substr(at));
            records.push_back(file.substr(at, prefix->size));
            at += prefix->size;
        }
        return records;
    }
    void write_records(const SegmentFile& segment, const std::vector<std::string>& records) {
        std::string file = bytes_of(segment.path).substr(0, segment.header.header_size);
        for (const auto& record : records) file += record;
        write(segment.path, file);
    }
    void change_records(std::size_t which, const std::function<void(std::vector<std::string>&)>& change) {
        const SegmentFile segment = segments()[which];
        auto records = records_of(bytes_of(segment.path), segment);
        change(records);
        write_records(segment, records);
    }
    /// As an attacker who can do everything but sign: new content, and all checksums and chain values made
    /// right.
    void rewrite_all(std::string_view from, std::string_view to) {
        Sha256 chain = chain_start(stream);
        for (const SegmentFile& segment : segments()) {
            auto records = records_of(bytes_of(segment.path), segment);
            for (std::string& record : records) {
                const auto parsed = parse_record(record);
                ASSERT_TRUE(parsed);
                Entry entry;
                entry.kind = parsed->kind;
                std::string header(parsed->header);
                if (const auto at = header.find(from); at != std::string::npos)
                    header.replace(at, from.size(), to);
                entry.header = header;
                std::vector<Payload> payloads;
                for (const auto& frame : parsed->payloads) {
                    payloads.push_back({frame.payload.kind, frame.payload.key_id, frame.payload.subject,
                                        frame.payload.bytes});
                }
                entry.payloads = payloads;
                auto built = build_record(entry, system_random());
                chain = chain_next(chain, parsed->prefix.sequence, built->digest);
                place_record(built->bytes, parsed->prefix.sequence, parsed->prefix.durable, chain);
                record = built->bytes;
            }
            SegmentHeader header = segment.header;
            header.chain_before = chain_before;
            std::string file = build_segment_header(header);
            for (const auto& record : records) file += record;
            write(segment.path, file);
            chain_before = chain;
        }
    }

    StreamReport check(std::optional<std::string_view> against = std::nullopt) {
        const auto report = verify(files, kFolder, against);
        EXPECT_TRUE(report) << report.error().message;
        if (!report || report->streams.empty()) return {};
        EXPECT_EQ(report->intact, !report->streams[0].first_damage);
        return report->streams[0];
    }
    void expect_damage(DamageKind kind, std::uint64_t sequence,
                       std::optional<std::string_view> against = std::nullopt) {
        const auto report = check(against);
        ASSERT_TRUE(report.first_damage);
        EXPECT_EQ(report.first_damage->kind, kind)
            << name_of(report.first_damage->kind) << ": " << report.first_damage->reason;
        EXPECT_EQ(report.first_damage->sequence, sequence) << report.first_damage->reason;
        EXPECT_EQ(report.records, sequence - 1);
    }
    void remove_mark() { ASSERT_TRUE(files.unlink(closed_mark_path(kFolder, stream))); }

    io::MemoryFileSystem files;
    Uuid stream;
    std::string head;
    Sha256 chain_before{};
};

TEST_F(Verify, AnUntouchedJournalIsIntact) {
    const auto report = check(head);
    EXPECT_FALSE(report.first_damage) << report.first_damage->reason;
    EXPECT_EQ(report.records, std::uint64_t{kRecords});
    EXPECT_EQ(report.payloads, std::uint64_t{kRecords} * 2);
    EXPECT_EQ(report.redacted, 0U);
    EXPECT_TRUE(report.closed);
    EXPECT_TRUE(report.against_head);
    EXPECT_EQ(report.head_sequence, std::uint64_t{kRecords});
    EXPECT_EQ(report.torn_bytes, 0U);
}

TEST_F(Verify, EveryFlippedBitIsFound) {
    for (const SegmentFile& segment : segments()) {
        const std::string good = bytes_of(segment.path);
        for (std::size_t at = 0; at < good.size(); at += 37) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
            write(segment.path, bad);
            const auto report = verify(files, kFolder);
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_FALSE(report->intact) << segment.path << " byte " << at;
        }
        write(segment.path, good);
    }
    EXPECT_FALSE(check().first_damage);
}

TEST_F(Verify, AFlippedBitIsFoundWithoutTheMarkToo) {
    remove_mark();
    change_records(0, [](auto& records) { records[2][100] ^= 1; });
    expect_damage(DamageKind::Corrupt, 3);
    const auto last = segments().back();
    change_records(0, [](auto& records) { records[2][100] ^= 1; });
    EXPECT_FALSE(check().first_damage);
    // In the last segment only a later record that calls it durable tells damage from a torn end.
    change_records(segments().size() - 1, [](auto& records) { records.back()[100] ^= 1; });
    const auto report = check();
    EXPECT_FALSE(report.first_damage);
    EXPECT_GT(report.torn_bytes, 0U);
}

TEST_F(Verify, ACutIsFound) {
    const auto last = segments().back();
    const std::string whole = bytes_of(last.path);
    write(last.path, std::string_view(whole).substr(0, whole.size() - 5));
    expect_damage(DamageKind::Cut, kRecords);
    change_records(segments().size() - 1, [](auto& records) { records.pop_back(); });
    expect_damage(DamageKind::Cut, kRecords);
    remove_mark();
    EXPECT_FALSE(check().first_damage);  // who can remove the mark can cut: that is what heads are for
    expect_damage(DamageKind::Cut, kRecords, head);
}

TEST_F(Verify, ACutInTheMiddleIsFound) {
    remove_mark();
    change_records(0, [](auto& records) { records.pop_back(); });
    const auto report = check();
    ASSERT_TRUE(report.first_damage);
    EXPECT_EQ(report.first_damage->kind, DamageKind::Cut);
}

TEST_F(Verify, ARemovedRecordIsFound) {
    change_records(1, [](auto& records) { records.erase(records.begin() + 1); });
    const auto first = segments()[1].header.first_sequence;
    expect_damage(DamageKind::Missing, first + 1);
}

TEST_F(Verify, SwappedRecordsAreFound) {
    change_records(0, [](auto& records) { std::swap(records[1], records[3]); });
    expect_damage(DamageKind::Reordered, 2);
}

TEST_F(Verify, AMissingSegmentIsFound) {
    const auto all = segments();
    ASSERT_TRUE(files.unlink(all[1].path));
    const auto report = check();
    ASSERT_TRUE(report.first_damage);
    EXPECT_EQ(report.first_damage->sequence, all[1].header.first_sequence);
    ASSERT_TRUE(files.unlink(all[0].path));
    expect_damage(DamageKind::Missing, 1);
}

TEST_F(Verify, AMissingStreamIsFoundAgainstTheHead) {
    for (const auto& segment : segments()) ASSERT_TRUE(files.unlink(segment.path));
    remove_mark();
    EXPECT_FALSE(check().first_damage);
    expect_damage(DamageKind::Cut, 1, head);
    io::MemoryFileSystem empty;
    const auto report = verify(empty, kFolder, head);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->intact);
    EXPECT_EQ(report->streams[0].first_damage->kind, DamageKind::Missing);
}

TEST_F(Verify, AnExchangedPayloadIsFound) {
    // A whole payload frame of another record, its checksum right.
    change_records(0, [](auto& records) {
        const std::size_t frame = 28 + 6;  // fixed part and "answer", which ends each record
        records[1].replace(records[1].size() - frame, frame, records[2].substr(records[2].size() - frame));
    });
    expect_damage(DamageKind::Rewritten, 2);
}

TEST_F(Verify, ARewrittenChainIsFoundByTheMarkAndByTheHead) {
    chain_before = chain_start(stream);
    rewrite_all("header 7.", "HEADER 7.");
    expect_damage(DamageKind::Rewritten,
                  kRecords + 1);  // all else is consistent: only the signed end differs
    remove_mark();
    EXPECT_FALSE(check().first_damage);
    expect_damage(DamageKind::Rewritten, kRecords + 1, head);
}

TEST_F(Verify, AForgedMarkIsFound) {
    io::MemoryFileSystem elsewhere;
    auto forger = SigningKey::load_or_make(elsewhere, kFolder);
    const std::string path = closed_mark_path(kFolder, stream);
    auto mark = parse_head(bytes_of(path));
    ASSERT_TRUE(mark);
    write(path, build_head(mark->streams, {}, **forger));
    auto report = check();
    ASSERT_TRUE(report.first_damage);
    EXPECT_EQ(report.first_damage->kind, DamageKind::Signature);
    write(path, "not a mark");
    report = check();
    ASSERT_TRUE(report.first_damage);
    EXPECT_EQ(report.first_damage->kind, DamageKind::Corrupt);
}

TEST_F(Verify, ATamperedHeadIsRefused) {
    std::string wrong = head;
    wrong.replace(wrong.find("\"sequence\":40"), 13, "\"sequence\":39");
    EXPECT_EQ(verify(files, kFolder, wrong).error().code, Code::InvalidArgument);
}

TEST_F(Verify, RedactedPayloadsStillVerify) {
    change_records(0, [](auto& records) {
        std::string& record = records[1];
        const auto before = parse_record(record);
        const Prefix prefix = before->prefix;
        // The "answer" frame shrinks to its fixed part: class and form stay, all else is zero.
        std::string frame(28, '\0');
        const std::uint32_t size = 28;
        std::memcpy(frame.data() + 4, &size, 4);
        frame[8] = 1;
        frame[9] = 1;
        const std::uint32_t crc = crc32c(std::string_view(frame).substr(4));
        std::memcpy(frame.data(), &crc, 4);
        record.replace(record.size() - 34, 34, frame);
        place_record(record, prefix.sequence, prefix.durable, prefix.chain);
    });
    const auto report = check(head);
    EXPECT_FALSE(report.first_damage) << report.first_damage->reason;
    EXPECT_EQ(report.records, std::uint64_t{kRecords});
    EXPECT_EQ(report.redacted, 1U);
    auto reader = Reader::open(files, kFolder);
    const auto record = (*reader)->read({stream, 2});
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->payloads[1].redacted);
    EXPECT_EQ(record->payloads[0].bytes, "prompt");
}

TEST_F(Verify, DamageInTheMiddleLeavesTheRestReadable) {
    change_records(1, [](auto& records) { records[1][100] ^= 1; });
    auto reader = Reader::open(files, kFolder);
    auto cursor = (*reader)->scan(stream);
    const auto all = segments();
    std::uint64_t records = 0;
    std::uint64_t damages = 0;
    for (;;) {
        const auto record = (*cursor)->next();
        if (record && !*record) break;
        if (record) {
            ++records;
            continue;
        }
        EXPECT_EQ(record.error().code, Code::DataLoss);
        EXPECT_NE(record.error().message.find(all[1].path), std::string::npos);
        ++damages;
        ASSERT_TRUE((*cursor)->skip_damage().value_or(false));
    }
    EXPECT_EQ(damages, 1U);
    EXPECT_EQ(records, std::uint64_t{kRecords} - 1);
    EXPECT_EQ((*reader)->read({stream, all[1].header.first_sequence + 1}).error().code, Code::DataLoss);
    EXPECT_TRUE((*reader)->read({stream, std::uint64_t{kRecords}}));
}

}  // namespace
}  // namespace steno::journal
