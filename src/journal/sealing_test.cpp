// Sealed segments read as the plain ones did, whatever happens while they are made.

#include "journal/sealing.hpp"

#include "journal/sealed_segment.hpp"
#include "journal/test_sealing.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace steno::journal {
namespace {

TEST(Sealing, ReadsAsBeforeAndVerifies) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        io::MemoryFileSystem files;
        const Uuid stream = write_stream(files, seed);
        const auto before = scan_all(files, stream);
        ASSERT_TRUE(seal_all(files, stream, small_blocks()));
        const auto listed = list_segments(files, kFolder, stream);
        for (const SegmentFile& segment : listed->segments) {
            const bool empty = segment.header.first_sequence > before.size();
            EXPECT_EQ(segment.sealed, !empty);
        }
        EXPECT_EQ(scan_all(files, stream), without_ephemeral(before));
        expect_intact(files);

        auto reader = Reader::open(files, kFolder);
        for (std::uint64_t n = before.size(); n > 0; --n) {
            const auto record = (*reader)->read({stream, n});
            ASSERT_TRUE(record) << record.error().message;
            EXPECT_EQ(seen(*record), without_ephemeral({before[n - 1]})[0]);
        }
        EXPECT_EQ((*reader)->read({stream, before.size() + 1}).error().code, Code::NotFound);
    }
}

TEST(Sealing, EphemeralPayloadsStayWhereTheyAreAskedForAndCanGoLater) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files);
    const auto before = scan_all(files, stream);
    SealingOptions keeping = small_blocks();
    keeping.advise = [](const ParsedRecord&) {
        SealingAdvice advice;
        advice.keep_ephemeral = true;
        return advice;
    };
    ASSERT_TRUE(seal_all(files, stream, keeping));
    EXPECT_EQ(scan_all(files, stream), before);
    expect_intact(files);
    const auto segments = ended_segments(files, kFolder, stream, UINT64_MAX - 1);
    for (const SegmentFile& segment : *segments) ASSERT_TRUE(seal_segment(files, segment, small_blocks()));
    EXPECT_EQ(scan_all(files, stream), without_ephemeral(before));
    expect_intact(files);
}

TEST(Sealing, AHeadExportedBeforeStillProvesIt) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files);
    auto journal = open_journal(files);
    const auto head = journal->export_head();
    ASSERT_TRUE(head);
    ASSERT_TRUE(journal->close());
    ASSERT_TRUE(seal_all(files, stream, small_blocks()));
    expect_intact(files, *head);
}

TEST(Sealing, KeepsTheSpanOfTimeAndCounts) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files);
    const auto segments = ended_segments(files, kFolder, stream, UINT64_MAX - 1);
    ASSERT_GT(segments->size(), 2u);
    const SegmentFile& second = (*segments)[1];
    const auto facts = seal_segment(files, second, small_blocks());
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->records, second.end_sequence - second.header.first_sequence);
    EXPECT_EQ(facts->oldest_unix_nanos, 1'000'000 + static_cast<std::int64_t>(second.header.first_sequence));
    EXPECT_EQ(facts->newest_unix_nanos, 1'000'000 + static_cast<std::int64_t>(second.end_sequence) - 1);
    EXPECT_GT(facts->redacted, 0u);
    std::shared_ptr<io::File> file =
        files.open_read(stream_folder(kFolder, stream) + "/" + sealed_file_name(2)).value();
    const auto sealed = SealedSegment::open(std::move(file));
    const auto& classes = (*sealed)->directory().classes;
    ASSERT_EQ(classes.size(), 2u);
    EXPECT_EQ(classes[0].name, "");
    EXPECT_EQ(classes[1].name, "short");
    for (const SealedClass& one : classes) {
        EXPECT_GT(one.records, 0u);
        EXPECT_GE(one.newest_unix_nanos, facts->oldest_unix_nanos);
        EXPECT_LE(one.newest_unix_nanos, facts->newest_unix_nanos);
    }
    const auto again = list_segments(files, kFolder, stream);
    EXPECT_TRUE(again->segments[1].sealed);
    EXPECT_FALSE(again->segments[0].sealed);
}

TEST(Sealing, ASealedSegmentCanBeSealedAgainWithoutItsPayloads) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files);
    const auto before = scan_all(files, stream);
    ASSERT_TRUE(seal_all(files, stream, small_blocks()));
    SealingOptions dropping = small_blocks();
    dropping.advise = [](const ParsedRecord& record) {
        SealingAdvice advice;
        advice.drop_payloads = record.prefix.sequence % 2 == 0;
        return advice;
    };
    const auto segments = ended_segments(files, kFolder, stream, UINT64_MAX - 1);
    for (const SegmentFile& segment : *segments) {
        const auto facts = seal_segment(files, segment, dropping);
        ASSERT_TRUE(facts) << facts.error().message;
    }
    expect_intact(files);
    const auto after = scan_all(files, stream);
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_EQ(after[i].header, before[i].header);
        for (const bool redacted : after[i].redacted) {
            if ((i + 1) % 2 == 0) EXPECT_TRUE(redacted);
        }
    }
}

TEST(Sealing, InterruptedAnywhereIsInvisible) {
    for (const bool power : {false, true}) {
        std::uint64_t at = 1;
        for (bool finished = false; !finished; ++at) {
            io::FaultyFileSystem files(at);
            const Uuid stream = write_stream(files, 3, 40);
            const auto before = scan_all(files, stream);
            files.die_at(at);
            finished = seal_all(files, stream, small_blocks()).has_value();
            if (power) {
                files.crash();
            } else {
                files.revive();
            }
            const auto after = scan_all(files, stream);
            ASSERT_EQ(after.size(), before.size()) << "died at operation " << at;
            const auto sealed = without_ephemeral(before);
            for (std::size_t i = 0; i < after.size(); ++i)
                EXPECT_TRUE(after[i] == before[i] || after[i] == sealed[i]);
            expect_intact(files);
            const auto retried = seal_all(files, stream, small_blocks());
            ASSERT_TRUE(retried) << retried.error().message;
            EXPECT_EQ(scan_all(files, stream), sealed);
            expect_intact(files);
            const auto entries = files.list(stream_folder(kFolder, stream));
            for (const auto& entry : *entries) EXPECT_FALSE(entry.name.ends_with(".tmp"));
            // A last segment that was begun and got no record has not ended.
            const auto ended = ended_segments(files, kFolder, stream, UINT64_MAX - 1);
            EXPECT_FALSE(ended->empty());
            for (const SegmentFile& segment : *ended) EXPECT_TRUE(segment.sealed);
        }
        EXPECT_GT(at, 50u);
    }
}

TEST(Sealing, AReaderGoesOnWhileItsSegmentIsSealed) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files);
    const auto before = scan_all(files, stream);
    auto reader = Reader::open(files, kFolder);
    auto cursor = (*reader)->scan(stream);
    ASSERT_TRUE((*reader)->read({stream, 3}));
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (i == 5) ASSERT_TRUE(seal_all(files, stream, small_blocks()));
        const auto record = (*cursor)->next();
        ASSERT_TRUE(record) << record.error().message;
        ASSERT_TRUE(*record);
        EXPECT_EQ((*record)->header, before[i].header);
        EXPECT_TRUE((*reader)->read({stream, i + 1}));
    }
    EXPECT_FALSE(*(*cursor)->next());
}

void flip(io::FileSystem& files, const std::string& path, std::uint64_t offset) {
    auto bytes = io::read_file(files, path, 1U << 30);
    (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ 0x10);
    ASSERT_TRUE(io::replace_file(files, path, *bytes));
}

TEST(Sealing, EveryFlippedByteIsFoundAndCostsOnlyItsBlock) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files, 5, 60);
    ASSERT_TRUE(seal_all(files, stream, small_blocks()));
    const auto listed = list_segments(files, kFolder, stream);
    const SegmentFile& first = listed->segments.front();
    const std::uint64_t records = scan_all(files, stream).size();
    for (std::uint64_t offset = 0; offset < first.size; offset += 3) {
        flip(files, first.path, offset);
        const auto report = verify(files, kFolder);
        ASSERT_TRUE(report) << report.error().message;
        EXPECT_FALSE(report->intact) << "byte " << offset;
        auto reader = Reader::open(files, kFolder);
        auto cursor = (*reader)->scan(stream);
        std::uint64_t read = 0;
        for (bool more = cursor.has_value(); more;) {
            const auto record = (*cursor)->next();
            if (!record) {
                ASSERT_EQ(record.error().code, Code::DataLoss) << record.error().message;
                more = *(*cursor)->skip_damage();
            } else {
                more = record->has_value();
                if (more) ++read;
            }
        }
        EXPECT_GE(read, records - (first.end_sequence - first.header.first_sequence));
        flip(files, first.path, offset);
    }
    expect_intact(files);
}

TEST(Sealing, APayloadThatWasExchangedBeforeIsFoundAfterwards) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files, 7, 60);
    // As one would who knows the format: the checksum is right, the hash is not.
    const auto listed = list_segments(files, kFolder, stream);
    const SegmentFile& first = listed->segments.front();
    auto bytes = io::read_file(files, first.path, 1U << 30);
    const std::size_t text = bytes->find("payload word1");
    ASSERT_NE(text, std::string::npos);
    std::size_t frame = text;
    while (frame > 0) {
        std::uint32_t size;
        std::memcpy(&size, bytes->data() + frame + 4, 4);
        std::uint32_t crc;
        std::memcpy(&crc, bytes->data() + frame, 4);
        if (size > 8 && size < 4000 && frame + size <= bytes->size() &&
            crc32c(std::string_view(*bytes).substr(frame + 4, size - 4)) == crc) {
            (*bytes)[text] = 'P';
            crc = crc32c(std::string_view(*bytes).substr(frame + 4, size - 4));
            std::memcpy(bytes->data() + frame, &crc, 4);
            break;
        }
        --frame;
    }
    ASSERT_GT(frame, 0u);
    ASSERT_TRUE(io::replace_file(files, first.path, *bytes));
    ASSERT_TRUE(seal_all(files, stream, small_blocks()));
    const auto report = verify(files, kFolder);
    ASSERT_TRUE(report);
    ASSERT_TRUE(report->streams[0].first_damage);
    EXPECT_EQ(report->streams[0].first_damage->kind, DamageKind::Rewritten);
}

TEST(Sealing, ADamagedSegmentIsLeftAlone) {
    io::MemoryFileSystem files;
    const Uuid stream = write_stream(files);
    const auto segments = ended_segments(files, kFolder, stream, UINT64_MAX - 1);
    const SegmentFile& first = segments->front();
    flip(files, first.path, first.size / 2);
    EXPECT_EQ(seal_segment(files, first, small_blocks()).error().code, Code::DataLoss);
    EXPECT_TRUE(files.exists(first.path));
    EXPECT_FALSE(list_segments(files, kFolder, stream)->segments.front().sealed);
}

TEST(Sealing, OnlyWhatHasEndedMayBeSealed) {
    io::MemoryFileSystem files;
    Options options;
    options.segment_bytes = 4096;
    auto journal = open_journal(files, options);
    for (int i = 0; i < 40; ++i) {
        const Position position = must_append(*journal, entry_of(std::string(500, 'x')));
        ASSERT_TRUE(journal->wait_durable(position));
    }
    const auto all = list_segments(files, kFolder, journal->stream());
    ASSERT_GT(all->segments.size(), 2u);
    const auto ended = ended_segments(files, kFolder, journal->stream(), 40);
    EXPECT_EQ(ended->size(), all->segments.size() - 1);
    EXPECT_EQ(ended_segments(files, kFolder, journal->stream(), 1)->size(), 0u);
    EXPECT_EQ(seal_segment(files, all->segments.back(), {}).error().code, Code::InvalidArgument);
    for (const SegmentFile& segment : *ended) ASSERT_TRUE(seal_segment(files, segment, {}));
    // The stream goes on, and its reader sees both.
    must_append(*journal, entry_of("behind"));
    ASSERT_TRUE(journal->wait_durable({journal->stream(), 41}));
    auto reader = Reader::open(files, kFolder, journal.get());
    EXPECT_EQ((*reader)->read({journal->stream(), 1})->header, std::string(500, 'x'));
    EXPECT_EQ((*reader)->read({journal->stream(), 41})->header, "behind");
    ASSERT_TRUE(journal->close());
    journal.reset();
    expect_intact(files);
}

}  // namespace
}  // namespace steno::journal
