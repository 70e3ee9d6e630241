// What is damaged is said, hides nothing that is whole, and is never signed as if it were.

#include "base/hash.hpp"
#include "base/log.hpp"
#include "journal/format.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_scanner.hpp"
#include "journal/test_journal.hpp"
#include "journal/verify.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace steno::journal {
namespace {

constexpr std::uint64_t kRecords = 40;

/// A stream of several segments whose process has ended, or was killed.
struct Damage : testing::Test {
    Damage() { log::configure(log::Level::Off, false); }

    void write_stream(bool killed) {
        Options options;
        options.segment_bytes = 4096;
        auto journal = open_journal(files, options);
        stream = journal->stream();
        for (std::uint64_t i = 1; i <= kRecords; ++i) {
            const Position position =
                must_append(*journal, entry_of("header " + std::to_string(i) + std::string(200, '.')));
            ASSERT_TRUE(journal->wait_durable(position));
        }
        if (killed) files.die_at(1);
        journal.reset();
        files.revive();
        ASSERT_GT(segments().size(), 2U);
        ASSERT_GT(kRecords - segments().back().header.first_sequence, 3U);
    }

    std::vector<SegmentFile> segments() { return list_segments(files, kFolder, stream)->segments; }
    std::string bytes_of(const std::string& path) { return *io::read_file(files, path, 1 << 20); }
    void write(const std::string& path, std::string_view bytes) {
        ASSERT_TRUE(io::replace_file(files, path, bytes));
    }
    void flip(const std::string& path, std::uint64_t at) {
        std::string bytes = bytes_of(path);
        bytes[at] ^= 1;
        write(path, bytes);
    }
    /// Where the n-th record of a segment begins.
    std::uint64_t offset_of(const SegmentFile& segment, std::uint64_t n) {
        std::uint64_t at = segment.header.header_size;
        const std::string bytes = bytes_of(segment.path);
        for (; n > 1; --n) at += parse_prefix(std::string_view(bytes).substr(at))->size;
        return at;
    }
    std::size_t readable(const Journal* live = nullptr) {
        auto reader = Reader::open(files, kFolder, live);
        auto cursor = (*reader)->scan(stream);
        EXPECT_TRUE(cursor) << cursor.error().message;
        std::size_t records = 0;
        damages = 0;
        while (cursor) {
            const auto record = (*cursor)->next();
            if (record && *record) {
                ++records;
                EXPECT_TRUE(
                    (*record)->header.starts_with("header " + std::to_string((*record)->position.sequence)));
                EXPECT_TRUE((*reader)->read((*record)->position));
                for (const StoredPayload& payload : (*record)->payloads)
                    EXPECT_EQ(payload.bytes.empty(), payload.damaged);
            }
            if (!record) ++damages;
            if (record && !*record) break;
            if (!record && !(*cursor)->skip_damage().value_or(false)) break;
        }
        return records;
    }
    StreamInfo info(const Journal* live = nullptr) {
        auto reader = Reader::open(files, kFolder, live);
        const auto streams = (*reader)->streams();
        EXPECT_TRUE(streams) << streams.error().message;
        for (const StreamInfo& each : *streams) {
            if (each.id == stream) return each;
        }
        ADD_FAILURE() << "the stream is not among those that can be read";
        return {};
    }
    StreamReport report() {
        const auto all = verify(files, kFolder);
        EXPECT_TRUE(all) << all.error().message;
        for (const StreamReport& each : all->streams) {
            if (each.id == stream) return each;
        }
        return {};
    }
    /// A next process that recovers what it finds, and ends.
    void recover(std::optional<Position> known = std::nullopt) {
        auto journal = open_journal(files);
        ASSERT_TRUE(journal);
        if (known) journal->expect_durable(*known);
        ASSERT_TRUE(journal->finish_recovery());
        ASSERT_TRUE(journal->close());
    }

    static Payload payload_of(std::string_view bytes) {
        Payload payload;
        payload.bytes = bytes;
        return payload;
    }
    /// As write_stream(), with payloads.
    void write_payloads(std::string_view first) {
        Options options;
        options.segment_bytes = 4096;
        auto journal = open_journal(files, options);
        stream = journal->stream();
        for (std::uint64_t i = 1; i <= kRecords; ++i) {
            const std::string header = "header " + std::to_string(i);
            const std::array<Payload, 2> payloads = {payload_of(first), payload_of("answer")};
            Entry entry = entry_of(header);
            entry.payloads = payloads;
            ASSERT_TRUE(journal->wait_durable(must_append(*journal, entry)));
        }
    }

    io::FaultyFileSystem files;
    Uuid stream;
    std::size_t damages = 0;  ///< found by readable()
};

TEST_F(Damage, OfTheMarkHidesNothing) {
    write_stream(false);
    const std::string path = closed_mark_path(kFolder, stream);
    const std::string good = bytes_of(path);
    std::string shorter = good;
    const auto at = shorter.find("\"sequence\":40");
    ASSERT_NE(at, std::string::npos);
    shorter.replace(at, 13, "\"sequence\":20");
    for (const std::string& bad : {std::string("not a mark"), std::string(), good.substr(0, 50), shorter}) {
        write(path, bad);
        EXPECT_EQ(readable(), kRecords) << bad;
        EXPECT_EQ(info().damage.size(), 1U) << bad;
        auto journal = open_journal(files);
        EXPECT_EQ(readable(journal.get()), kRecords) << bad;
        const StreamInfo seen = info(journal.get());
        EXPECT_EQ(seen.damage.size(), 1U) << bad;
        EXPECT_TRUE(seen.closed);
        EXPECT_TRUE(journal->export_head());
        EXPECT_TRUE(report().first_damage);
        // What is damaged is left as it is found.
        EXPECT_EQ(bytes_of(path), bad);
    }
}

TEST_F(Damage, OfAnyByteOfARecordCostsThatRecordAlone) {
    write_payloads(std::string(380, 'p'));
    const std::vector<SegmentFile> all = segments();
    for (const std::size_t which :
         {std::size_t{0}, all.size() - 1}) {  // the last one ends where the mark says
        const SegmentFile& segment = all[which];
        const std::string good = bytes_of(segment.path);
        const std::uint64_t record = offset_of(segment, 2);
        const std::uint64_t size = parse_prefix(std::string_view(good).substr(record))->size;
        const std::uint64_t head = kPrefixBytes + kFrameStart + 4 + 2 * sizeof(Sha256) + 8;  // at least
        for (std::uint64_t at = 0; at < size; at += 1 + at / 8) {
            SCOPED_TRACE(segment.path + " byte " + std::to_string(at) + " of a record");
            flip(segment.path, record + at);
            EXPECT_EQ(readable(), kRecords - (at < head ? 1 : 0));
            EXPECT_EQ(damages, at < head ? 1U : 0U);
            EXPECT_EQ(report().first_damage->sequence, segment.header.first_sequence + 1);
            write(segment.path, good);
        }
    }
}

TEST_F(Damage, OfManyRecordsCostsThoseAlone) {
    write_payloads(std::string(380, 'p'));
    const SegmentFile segment = segments()[1];
    for (const std::uint64_t n : {1U, 2U, 4U}) flip(segment.path, offset_of(segment, n) + kPrefixBytes + 20);
    EXPECT_EQ(readable(), kRecords - 3);
    EXPECT_EQ(damages, 3U);
    flip(segment.path, offset_of(segment, 1) + 9);  // the place of the next one is not known now
    EXPECT_EQ(readable(), kRecords - 4);
}

TEST_F(Damage, APayloadThatIsLostIsSaidAndTheOthersAreThere) {
    write_payloads("prompt");
    const SegmentFile segment = segments()[0];
    const std::uint64_t at = bytes_of(segment.path).find("prompt", offset_of(segment, 3));
    flip(segment.path, at);
    const auto reader = Reader::open(files, kFolder);
    const auto record = (*reader)->read({stream, 3});
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_TRUE(record->payloads[0].damaged);
    EXPECT_FALSE(record->payloads[1].damaged);
    EXPECT_EQ(record->payloads[1].bytes, "answer");
    EXPECT_TRUE((*reader)->read({stream, 4}));
}

/// What a client sends may look like records of ours.
TEST_F(Damage, RecordsWithinAPayloadAreNotTakenForRecords) {
    std::string forged;
    SeededRandom random(1);
    Sha256 chain{};
    for (std::uint64_t sequence = 2; sequence < 12; ++sequence) {
        auto built = build_record(entry_of("forged"), random);
        chain = chain_next(chain, sequence, built->digest);
        place_record(built->bytes, sequence, 1, chain);
        forged += built->bytes;
    }
    write_payloads(forged);
    for (const std::uint64_t n : {1U, 2U}) {
        const SegmentFile segment = segments()[0];
        const std::string good = bytes_of(segment.path);
        flip(segment.path, offset_of(segment, n) + 9);
        EXPECT_EQ(readable(), kRecords - 1);
        write(segment.path, good);
    }
}

TEST_F(Damage, OfASegmentHeaderIsOfThatSegmentAlone) {
    write_stream(false);
    const std::vector<SegmentFile> all = segments();
    for (const SegmentFile& segment : all) {
        const std::uint64_t end = segment.end_sequence == kNoEnd ? kRecords + 1 : segment.end_sequence;
        const std::string good = bytes_of(segment.path);
        for (const std::uint64_t at : {0U, 8U, 9U, 10U, 11U, 12U, 15U, 20U, 32U, 40U, 50U, 97U}) {
            SCOPED_TRACE(segment.path + " byte " + std::to_string(at));
            flip(segment.path, at);
            const auto journal = open_journal(files);
            EXPECT_EQ(readable(journal.get()), kRecords - (end - segment.header.first_sequence));
            EXPECT_EQ(report().first_damage->segment, segment.number);
            write(segment.path, good);
        }
    }
    EXPECT_EQ(readable(), kRecords);
    EXPECT_FALSE(report().first_damage);
}

TEST_F(Damage, ANewerVersionKeepsNoOtherStreamFromBeingRead) {
    write_stream(false);
    const Uuid older = stream;
    write_stream(false);
    const SegmentFile segment = segments().front();
    std::string bytes = bytes_of(segment.path);
    bytes[8] = 9;
    const std::uint64_t end = segment.header.header_size - 4;
    const std::uint32_t crc = crc32c(std::string_view(bytes).substr(0, end));
    std::memcpy(bytes.data() + end, &crc, sizeof crc);
    write(segment.path, bytes);
    for (const bool marked : {true, false}) {
        if (!marked) ASSERT_TRUE(files.unlink(closed_mark_path(kFolder, stream)));
        const auto journal = open_journal(files);
        ASSERT_TRUE(journal);
        const StreamInfo seen = info(journal.get());
        ASSERT_EQ(seen.damage.size(), 1U);
        EXPECT_NE(seen.damage[0].find("version 9"), std::string::npos) << seen.damage[0];
        ASSERT_TRUE(journal->finish_recovery());
        EXPECT_EQ(files.exists(closed_mark_path(kFolder, stream)), marked);
        const Uuid newer = std::exchange(stream, older);
        EXPECT_EQ(readable(journal.get()), kRecords);
        stream = newer;
    }
}

TEST_F(Damage, OfTheLastSegmentIsNotSignedAsTheEnd) {
    write_stream(true);
    const SegmentFile last = segments().back();
    const std::uint64_t second = last.header.first_sequence + 1;
    flip(last.path, offset_of(last, 2) + kPrefixBytes + 20);
    for (int round = 0; round < 2; ++round) {
        recover();
        const StreamInfo seen = info();
        EXPECT_EQ(seen.durable, second - 1);
        EXPECT_EQ(seen.lost_through,
                  kRecords - 1);  // the last record says that the one before it was durable
        EXPECT_EQ(seen.damage.size(), 1U);
        const StreamReport checked = report();
        ASSERT_TRUE(checked.first_damage);
        EXPECT_EQ(checked.first_damage->sequence, second);
        EXPECT_TRUE(checked.closed);
    }
    // Not even when the bytes that told of it are gone.
    write(last.path, bytes_of(last.path).substr(0, offset_of(last, 2)));
    const StreamReport checked = report();
    ASSERT_TRUE(checked.first_damage);
    EXPECT_EQ(checked.first_damage->kind, DamageKind::Cut);
    EXPECT_EQ(checked.first_damage->sequence, second);
}

TEST_F(Damage, OfTheLastSegmentsHeaderIsNotSignedAsTheEnd) {
    write_stream(true);
    const SegmentFile last = segments().back();
    flip(last.path, 50);
    recover();
    EXPECT_EQ(info().durable, last.header.first_sequence - 1);
    EXPECT_EQ(info().lost_through, kRecords - 1);
    EXPECT_TRUE(report().first_damage);
}

TEST_F(Damage, ThatOnlyTheStoreKnowsOfIsNotSignedAsTheEnd) {
    write_stream(true);
    const SegmentFile last = segments().back();
    write(last.path, bytes_of(last.path).substr(0, offset_of(last, 2)));
    const std::uint64_t left = last.header.first_sequence;
    recover(Position{stream, kRecords});
    EXPECT_EQ(info().durable, left);
    EXPECT_EQ(info().lost_through, kRecords);
    ASSERT_TRUE(report().first_damage);
    EXPECT_EQ(report().first_damage->sequence, left + 1);
    const auto journal = open_journal(files);
    const auto head = journal->export_head();
    ASSERT_TRUE(head);
    EXPECT_NE(head->find("\"lost_through\":40"), std::string::npos);
}

TEST_F(Damage, AnEndThatWasTornIsNone) {
    write_stream(true);
    const SegmentFile last = segments().back();
    const std::string bytes = bytes_of(last.path);
    write(last.path, std::string_view(bytes).substr(0, bytes.size() - 5));
    recover(Position{stream, kRecords - 1});
    EXPECT_EQ(info().lost_through, 0U);
    EXPECT_TRUE(info().damage.empty());
    EXPECT_FALSE(report().first_damage);
}

TEST_F(Damage, ASegmentThatWasGivenUpIsMissedByNobody) {
    // Its fsync failed, the next has all of its records, and after a loss of power its header may be
    // anything.
    write_stream(true);
    const SegmentFile last = segments().back();
    SegmentHeader header = last.header;
    header.number = last.number + 1;
    write(stream_folder(kFolder, stream) + "/" + segment_file_name(header.number),
          build_segment_header(header) + bytes_of(last.path).substr(last.header.header_size));
    write(last.path, std::string(3000, '\0'));
    recover();
    EXPECT_EQ(readable(), kRecords);
    EXPECT_FALSE(report().first_damage) << report().first_damage->reason;
}

}  // namespace
}  // namespace steno::journal
