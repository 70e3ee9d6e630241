#pragma once

#include "journal/sealing.hpp"
#include "journal/test_journal.hpp"
#include "journal/verify.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

/// What the tests of sealed segments share.
namespace steno::journal {

/// What a reader sees of a record.
struct Seen {
    std::uint8_t kind = 0;
    std::string header;
    std::vector<std::string> payloads;
    std::vector<bool> redacted;
    std::optional<Uuid> opens, closes;
    bool operator==(const Seen&) const = default;
};

inline Seen seen(const Record& record) {
    Seen seen{record.kind, std::string(record.header), {}, {}, record.opens, record.closes};
    for (const StoredPayload& payload : record.payloads) {
        seen.payloads.push_back(fmt::format("{} {} {} {}", static_cast<int>(payload.kind), payload.key_id,
                                            payload.subject, payload.bytes));
        seen.redacted.push_back(payload.redacted);
        EXPECT_FALSE(payload.damaged);
    }
    return seen;
}

inline std::vector<Seen> scan_all(io::FileSystem& files, const Uuid& stream) {
    std::vector<Seen> all;
    auto reader = Reader::open(files, kFolder);
    auto cursor = (*reader)->scan(stream);
    EXPECT_TRUE(cursor) << cursor.error().message;
    for (;;) {
        auto record = (*cursor)->next();
        EXPECT_TRUE(record) << record.error().message;
        if (!record || !*record) return all;
        all.push_back(seen(**record));
    }
}

inline SealingOptions small_blocks() {
    SealingOptions options;
    options.block_bytes = 2000;
    options.spine_bytes = 700;
    options.advise = [](const ParsedRecord& record) {
        SealingAdvice advice;
        advice.group = std::to_string(record.header.size() % 3);
        advice.retention_class = record.prefix.sequence % 2 == 0 ? "short" : "";
        advice.unix_nanos = 1'000'000 + static_cast<std::int64_t>(record.prefix.sequence);
        return advice;
    };
    return options;
}

/// A closed stream of several segments with all kinds of records.
inline Uuid write_stream(io::FileSystem& files, std::uint64_t seed = 1, int records = 120) {
    SeededRandom random(seed);
    Options options;
    options.segment_bytes = 8192;
    options.random = &random;
    auto journal = open_journal(files, options);
    EXPECT_TRUE(journal->finish_recovery());
    std::vector<Uuid> open;
    for (int i = 0; i < records; ++i) {
        const std::string header = "header " + std::to_string(i) + std::string(random.next_u64() % 40, 'h');
        std::vector<std::string> texts;
        std::vector<Payload> payloads;
        for (std::uint64_t n = random.next_u64() % 3; n > 0; --n)
            texts.push_back("payload word" + std::to_string(i) + std::string(random.next_u64() % 600, 'p'));
        if (i % 17 == 0) texts.emplace_back();
        for (const std::string& text : texts) {
            payloads.push_back({i % 5 == 0 ? PayloadClass::Ephemeral : PayloadClass::Durable,
                                i % 7 == 0 ? "key" : "", i % 3 == 0 ? "subject" : "", text});
        }
        Entry entry = entry_of(header);
        entry.payloads = payloads;
        if (i % 4 == 0) {
            entry.opens = Uuid::random(random);
            open.push_back(*entry.opens);
        } else if (!open.empty()) {
            entry.closes = open.back();
            open.pop_back();
        }
        const Position position = must_append(*journal, entry);
        if (i % 10 == 9) EXPECT_TRUE(journal->wait_durable(position));
    }
    while (!open.empty()) {
        Entry entry = entry_of("end");
        entry.closes = open.back();
        open.pop_back();
        must_append(*journal, entry);
    }
    const Uuid stream = journal->stream();
    EXPECT_TRUE(journal->close());
    return stream;
}

inline Result<void> seal_all(io::FileSystem& files, const Uuid& stream, const SealingOptions& options) {
    STENO_TRY(remove_sealed_twins(files, kFolder, stream));
    STENO_ASSIGN(const auto segments, ended_segments(files, kFolder, stream, UINT64_MAX - 1));
    for (const SegmentFile& segment : segments) {
        if (!segment.sealed) STENO_TRY(seal_segment(files, segment, options));
    }
    return {};
}

/// As sealing leaves it: ephemeral payloads dropped.
inline std::vector<Seen> without_ephemeral(std::vector<Seen> all) {
    for (Seen& record : all) {
        for (std::size_t i = 0; i < record.payloads.size(); ++i) {
            if (!record.payloads[i].starts_with("2")) continue;
            record.payloads[i] = "2   ";
            record.redacted[i] = true;
        }
    }
    return all;
}

inline void expect_intact(io::FileSystem& files, std::optional<std::string_view> head = {}) {
    const auto report = verify(files, kFolder, head);
    ASSERT_TRUE(report) << report.error().message;
    for (const StreamReport& stream : report->streams)
        EXPECT_FALSE(stream.first_damage)
            << stream.first_damage->reason << " at " << stream.first_damage->sequence;
}

}  // namespace steno::journal
