// The kept sample folder tests/data/journal-v1, which every later version must open, and the example in
// docs/formats/journal.md. `STENO_REGENERATE_SAMPLES=yes journal_test --gtest_filter='Sample.*'` writes a new
// sample and prints the example; do that only for a new format version, into a new folder.

#include "base/text.hpp"
#include "journal/format.hpp"
#include "journal/test_journal.hpp"
#include "journal/verify.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace steno::journal {
namespace {

const std::string kSample = STENO_SOURCE_DIR "/tests/data/journal-v1";
const std::string kDocument = STENO_SOURCE_DIR "/docs/formats/journal.md";

bool regenerate() {
    const char* flag = std::getenv("STENO_REGENERATE_SAMPLES");
    return flag != nullptr && std::string_view(flag) == "yes";
}

/// 2023-11-14T22:13:20Z and salts from a fixed seed: the same bytes each time, but for the signature's key.
void write_sample() {
    std::filesystem::remove_all(kSample);
    SeededRandom random(1);
    ManualClock clock;
    Options options;
    options.segment_bytes = 4096;
    options.random = &random;
    options.clock = &clock;
    auto journal = Journal::open(io::posix_file_system(), kSample, options);
    ASSERT_TRUE(journal) << journal.error().message;
    for (std::uint64_t i = 1; i <= 30; ++i) {
        const std::string header = fmt::format("header {}", i);
        const std::string prompt = fmt::format("prompt {} ", i) + std::string(200, 'p');
        const Payload payloads[] = {{PayloadClass::Durable, "key", "user-1", prompt},
                                    {PayloadClass::Ephemeral, "", "", "chunk"}};
        Entry entry = entry_of(header);
        if (i % 3 != 0) entry.payloads = payloads;
        if (i % 2 == 1) entry.opens = call_id(i);
        if (i % 2 == 0) entry.closes = call_id(i - 1);
        const Position position = must_append(**journal, entry);
        if (i % 10 == 0) ASSERT_TRUE((*journal)->wait_durable(position));
    }
    const auto head = (*journal)->export_head();
    ASSERT_TRUE(head);
    std::ofstream(kSample + "/head.json") << *head;
    ASSERT_TRUE((*journal)->close());
    // The key that signs is nobody's business; the public one is needed to check.
    std::filesystem::remove(kSample + "/keys/journal.key");
    std::filesystem::remove(kSample + "/keys/journal.lock");
    std::filesystem::remove(kSample + "/journal/recovery.lock");
}

TEST(Sample, OfVersion1IsReadableAndIntact) {
    if (regenerate()) write_sample();
    auto reader = Reader::open(io::posix_file_system(), kSample);
    ASSERT_TRUE(reader);
    const auto streams = (*reader)->streams();
    ASSERT_TRUE(streams) << streams.error().message;
    ASSERT_EQ(streams->size(), 1U);
    EXPECT_TRUE((*streams)[0].closed);
    EXPECT_EQ((*streams)[0].durable, 30U);
    EXPECT_GT((*streams)[0].segments, 1U);
    EXPECT_EQ((*streams)[0].created_unix_nanos, 1'700'000'000'000'000'000);
    auto cursor = (*reader)->scan((*streams)[0].id);
    for (std::uint64_t i = 1; i <= 30; ++i) {
        const auto record = (*cursor)->next();
        ASSERT_TRUE(record) << record.error().message;
        ASSERT_TRUE(*record);
        EXPECT_EQ((*record)->kind, 7);
        EXPECT_EQ((*record)->header, fmt::format("header {}", i));
        EXPECT_EQ((*record)->opens.has_value(), i % 2 == 1);
        EXPECT_EQ((*record)->closes.has_value(), i % 2 == 0);
        ASSERT_EQ((*record)->payloads.size(), i % 3 == 0 ? 0U : 2U);
        if (i % 3 == 0) continue;
        EXPECT_EQ((*record)->payloads[0].key_id, "key");
        EXPECT_EQ((*record)->payloads[0].subject, "user-1");
        EXPECT_EQ((*record)->payloads[0].bytes, fmt::format("prompt {} ", i) + std::string(200, 'p'));
        EXPECT_EQ((*record)->payloads[1].kind, PayloadClass::Ephemeral);
    }
    const auto head = io::read_file(io::posix_file_system(), kSample + "/head.json", 10'000);
    ASSERT_TRUE(head);
    const auto report = verify(io::posix_file_system(), kSample, *head);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->intact);
    EXPECT_TRUE(report->streams[0].against_head);
}

/// The bytes of the example: a segment with one record.
std::string example() {
    SeededRandom random(1);
    SegmentHeader header;
    header.stream = *Uuid::parse("11111111-2222-4333-8444-555555555555");
    header.number = 1;
    header.first_sequence = 1;
    header.chain_before = chain_start(header.stream);
    header.created_unix_nanos = 1'700'000'000'000'000'000;
    const Payload payload{PayloadClass::Durable, "", "u7", "Hello"};
    Entry entry;
    entry.kind = 1;
    entry.header = "hdr";
    entry.opens = call_id(1);
    entry.payloads = {&payload, 1};
    auto built = build_record(entry, random);
    place_record(built->bytes, 1, 0, chain_next(header.chain_before, 1, built->digest));
    return build_segment_header(header) + built->bytes;
}

std::string hex_dump(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 16) {
        text += fmt::format("{:04x} ", at);
        for (const char c : bytes.substr(at, 16))
            text += fmt::format(" {:02x}", static_cast<unsigned char>(c));
        text += '\n';
    }
    return text;
}

TEST(Sample, TheExampleInTheDocumentIsRight) {
    const std::string dump = hex_dump(example());
    if (regenerate()) std::cout << dump;
    std::ifstream file(kDocument);
    std::stringstream document;
    document << file.rdbuf();
    EXPECT_NE(document.str().find(dump), std::string::npos) << "docs/formats/journal.md should show:\n"
                                                            << dump;
}

}  // namespace
}  // namespace steno::journal
