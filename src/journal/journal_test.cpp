#include "journal/journal.hpp"

#include "base/hash.hpp"
#include "journal/format.hpp"
#include "journal/head.hpp"
#include "journal/test_journal.hpp"
#include "journal/verify.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace steno::journal {
namespace {

TEST(Position, HasATextForm) {
    const Position position{call_id(77), 12345};
    EXPECT_EQ(position.to_string(), "00000000-0000-0000-0000-00000000004d/12345");
    EXPECT_EQ(Position::parse(position.to_string()), position);
    for (const char* wrong :
         {"", "/", "1", "00000000-0000-0000-0000-00000000004d", "00000000-0000-0000-0000-00000000004d/",
          "00000000-0000-0000-0000-00000000004d/-1", "00000000-0000-0000-0000-00000000004d/1x"}) {
        EXPECT_FALSE(Position::parse(wrong)) << wrong;
    }
}

TEST(Journal, GivesBackWhatItTook) {
    io::MemoryFileSystem files;
    auto journal = open_journal(files);
    const std::string big(300'000, 'b');
    const Payload payloads[] = {{PayloadClass::Durable, "key-1", "user-7", "a prompt"},
                                {PayloadClass::Ephemeral, "", "", big},
                                {PayloadClass::Durable, "", "", ""}};
    Entry entry = entry_of("the header");
    entry.payloads = payloads;
    entry.opens = call_id(1);
    const Position first = must_append(*journal, entry);
    Entry second = entry_of("");
    second.closes = call_id(1);
    second.adopts = Opening{call_id(9), {call_id(5), 3}};
    must_append(*journal, second);
    EXPECT_EQ(first, (Position{journal->stream(), 1}));

    auto reader = Reader::open(files, kFolder, journal.get());
    ASSERT_TRUE(reader);
    ASSERT_TRUE(journal->wait_durable({journal->stream(), 2}));
    auto record = (*reader)->read(first);
    ASSERT_TRUE(record) << record.error().message;
    const Record moved = std::move(*record);
    EXPECT_EQ(moved.position, first);
    EXPECT_EQ(moved.kind, 7);
    EXPECT_EQ(moved.header, "the header");
    EXPECT_EQ(moved.opens, call_id(1));
    EXPECT_FALSE(moved.closes);
    ASSERT_EQ(moved.payloads.size(), 3U);
    EXPECT_EQ(moved.payloads[0].key_id, "key-1");
    EXPECT_EQ(moved.payloads[0].subject, "user-7");
    EXPECT_EQ(moved.payloads[0].bytes, "a prompt");
    EXPECT_EQ(moved.payloads[1].kind, PayloadClass::Ephemeral);
    EXPECT_EQ(moved.payloads[1].bytes, big);
    EXPECT_EQ(moved.payloads[2].bytes, "");
    auto other = (*reader)->read({journal->stream(), 2});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->closes, call_id(1));
    ASSERT_TRUE(other->adopts);
    EXPECT_EQ(other->adopts->id, call_id(9));
    EXPECT_EQ(other->adopts->at, (Position{call_id(5), 3}));
    EXPECT_EQ((*reader)->read({journal->stream(), 3}).error().code, Code::NotFound);
    EXPECT_EQ((*reader)->read({call_id(3), 1}).error().code, Code::NotFound);
}

TEST(Journal, RefusesWhatIsBeyondItsBounds) {
    io::MemoryFileSystem files;
    auto journal = open_journal(files);
    Entry entry;
    const std::string long_name(256, 'x');
    const Payload payload{PayloadClass::Durable, long_name, "", ""};
    entry.payloads = {&payload, 1};
    EXPECT_EQ(journal->append(entry).error().code, Code::InvalidArgument);
    const std::vector<Payload> many(kMaxPayloads + 1);
    entry.payloads = many;
    EXPECT_EQ(journal->append(entry).error().code, Code::InvalidArgument);
    Options tiny;
    tiny.segment_bytes = 1;
    EXPECT_EQ(Journal::open(files, kFolder, tiny).error().code, Code::InvalidArgument);
    ASSERT_TRUE(journal->close());
    EXPECT_EQ(journal->append(Entry()).error().code, Code::FailedPrecondition);
    EXPECT_EQ(journal->wait_durable({call_id(1), 1}).error().code, Code::OutOfRange);
    EXPECT_EQ(journal->wait_durable({journal->stream(), 9}).error().code, Code::OutOfRange);
}

TEST(Journal, TellsWhatBecameDurableByItself) {
    io::MemoryFileSystem files;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Position> told;
    Options options;
    options.on_durable = [&](Position position) {
        const std::lock_guard lock(mutex);
        told.push_back(position);
        changed.notify_all();
    };
    auto journal = open_journal(files, options);
    const Position last = must_append(*journal, entry_of("x"));
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !told.empty() && told.back() == last; });
    EXPECT_EQ(journal->durable(), last);
}

TEST(Journal, GoesOnInNewSegments) {
    io::MemoryFileSystem files;
    Options options;
    options.segment_bytes = 4096;
    auto journal = open_journal(files, options);
    const std::string header(500, 'h');
    std::vector<std::string> written;
    for (int i = 0; i < 200; ++i) {
        written.push_back(header + std::to_string(i));
        const Position position = must_append(*journal, entry_of(written.back()));
        if (i % 3 == 0) ASSERT_TRUE(journal->wait_durable(position));
    }
    auto reader = Reader::open(files, kFolder, journal.get());
    auto cursor = (*reader)->scan(journal->stream());
    ASSERT_TRUE(journal->wait_durable({journal->stream(), 200}));
    EXPECT_GT(journal->stats().segments, 10U);
    EXPECT_EQ(read_all(files, journal.get())[journal->stream()], written);
    for (std::uint64_t i : {200U, 1U, 17U, 16U, 15U, 100U, 199U}) {
        auto record = (*reader)->read({journal->stream(), i});
        ASSERT_TRUE(record) << record.error().message;
        EXPECT_EQ(record->header, written[i - 1]);
    }
    ASSERT_TRUE(journal->close());
    EXPECT_EQ(read_all(files)[journal->stream()], written);
    auto middle = (*reader)->scan(journal->stream(), 150);
    EXPECT_EQ((*(*middle)->next())->position.sequence, 150U);
}

TEST(Journal, CursorFollowsTheTail) {
    io::MemoryFileSystem files;
    Options options;
    options.segment_bytes = 4096;
    auto journal = open_journal(files, options);
    auto reader = Reader::open(files, kFolder, journal.get());
    auto cursor = (*reader)->scan(journal->stream());
    ASSERT_TRUE(cursor);
    for (int i = 0; i < 100; ++i) {
        const std::string header = std::to_string(i) + std::string(200, '.');
        const Position position = must_append(*journal, entry_of(header));
        ASSERT_TRUE(journal->wait_durable(position));
        auto record = (*cursor)->next();
        ASSERT_TRUE(record) << record.error().message;
        ASSERT_TRUE(*record);
        EXPECT_EQ((*record)->header, header);
        auto none = (*cursor)->next();
        ASSERT_TRUE(none);
        EXPECT_FALSE(*none);
    }
}

TEST(Journal, ThatIsOnlyLookedAtLeavesNothingBehind) {
    io::MemoryFileSystem files;
    Options options;
    options.begin_at_once = false;
    {
        auto journal = open_journal(files, options);
        ASSERT_TRUE(journal->finish_recovery());
        auto reader = Reader::open(files, kFolder, journal.get());
        EXPECT_TRUE((*reader)->streams()->empty());
        auto cursor = (*reader)->scan(journal->stream());
        ASSERT_TRUE(cursor) << cursor.error().message;
        EXPECT_FALSE((*cursor)->next()->has_value());
        EXPECT_EQ(journal->export_head()->find(journal->stream().to_string()), std::string::npos);
        ASSERT_TRUE(journal->close());
    }
    for (const auto& entry : *files.list(kFolder + "/journal"))
        EXPECT_FALSE(entry.is_directory) << entry.name;
    auto journal = open_journal(files, options);
    auto reader = Reader::open(files, kFolder, journal.get());
    auto cursor = (*reader)->scan(journal->stream());
    const Position position = must_append(*journal, entry_of("the first"));
    ASSERT_TRUE(journal->wait_durable(position));
    const auto record = (*cursor)->next();
    ASSERT_TRUE(record && *record);
    EXPECT_EQ((*record)->header, "the first");
}

TEST(Journal, NoticesThatItsFilesAreGoneAndGoesOnInNewOnes) {
    io::MemoryFileSystem files;
    Options options;
    options.look_after = std::chrono::milliseconds(1);
    auto journal = open_journal(files, options);
    const Uuid stream = journal->stream();
    const auto remove_all = [&] {
        for (const auto& entry : *files.list(stream_folder(kFolder, stream)))
            ASSERT_TRUE(files.unlink(stream_folder(kFolder, stream) + "/" + entry.name));
    };
    ASSERT_TRUE(journal->wait_durable(must_append(*journal, entry_of("a"))));
    remove_all();
    while (journal->stats().files_lost == 0) std::this_thread::yield();  // an idle journal looks, too
    ASSERT_TRUE(journal->wait_durable(append_until_taken(*journal, entry_of("b"))));
    remove_all();
    ASSERT_TRUE(journal->wait_durable(append_until_taken(*journal, entry_of("c"))));
    EXPECT_EQ(journal->stats().files_lost, 2U);
    EXPECT_TRUE(journal->stats().healthy);
    EXPECT_EQ(read_all(files, journal.get())[stream], (std::vector<std::string>{"a", "b", "c"}));
    ASSERT_TRUE(journal->close());
    EXPECT_EQ(read_all(files)[stream], (std::vector<std::string>{"a", "b", "c"}));
    const auto report = verify(files, kFolder);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->intact);
}

TEST(Journal, APipeAmongTheSegmentsIsDamageAndNoWait) {
    const std::string folder =
        std::filesystem::temp_directory_path() / ("steno-pipe-" + std::to_string(getpid()));
    Uuid stream;
    {
        auto journal = Journal::open(io::posix_file_system(), folder);
        ASSERT_TRUE(journal);
        stream = (*journal)->stream();
        ASSERT_TRUE((*journal)->append(entry_of("a")));
    }
    const std::string pipe = stream_folder(folder, stream) + "/" + segment_file_name(2);
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    auto journal = Journal::open(io::posix_file_system(), folder);
    ASSERT_TRUE(journal) << journal.error().message;
    auto reader = Reader::open(io::posix_file_system(), folder, journal->get());
    EXPECT_TRUE((*reader)->read({stream, 1}));
    ASSERT_TRUE((*journal)->close());
    const auto report = verify(io::posix_file_system(), folder);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(report->intact);
    std::filesystem::remove_all(folder);
}

TEST(Journal, TakesFromManyThreads) {
    io::MemoryFileSystem files;
    Options options;
    options.segment_bytes = 64 * 1024;
    auto journal = open_journal(files, options);
    constexpr int kThreads = 8;
    constexpr int kEach = 500;
    std::atomic<int> failures = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < kEach; ++i) {
                    const std::string header = std::to_string(t) + ":" + std::to_string(i);
                    const Payload payload{PayloadClass::Durable, "", "", header};
                    Entry entry = entry_of(header);
                    entry.payloads = {&payload, 1};
                    const auto position = journal->append(entry);
                    if (!position || (i % 50 == 0 && !journal->wait_durable(*position))) ++failures;
                }
            });
        }
    }
    EXPECT_EQ(failures, 0);
    ASSERT_TRUE(journal->close());
    const auto all = read_all(files)[journal->stream()];
    EXPECT_EQ(all.size(), std::size_t{kThreads * kEach});
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
    std::map<char, int> next;  // each thread's own records keep their order
    for (const std::string& header : all) {
        const int number = std::stoi(header.substr(2));
        EXPECT_EQ(number, next[header[0]]);
        next[header[0]] = number + 1;
    }
}

TEST(Journal, WorksOnTheRealFileSystem) {
    std::string name = (std::filesystem::temp_directory_path() / "steno_journal_XXXXXX").string();
    const std::string folder = ::mkdtemp(name.data());
    io::FileSystem& files = io::posix_file_system();
    {
        auto journal = Journal::open(files, folder);
        ASSERT_TRUE(journal) << journal.error().message;
        const Position position = must_append(**journal, entry_of("real"));
        ASSERT_TRUE((*journal)->wait_durable(position));
        auto second = Journal::open(files, folder);  // another writer at the same time
        ASSERT_TRUE(second) << second.error().message;
        EXPECT_TRUE((*second)->orphans().empty());
        must_append(**second, entry_of("other"));
    }
    auto reader = Reader::open(files, folder);
    auto streams = (*reader)->streams();
    ASSERT_TRUE(streams);
    ASSERT_EQ(streams->size(), 2U);
    for (const auto& stream : *streams) {
        EXPECT_TRUE(stream.closed);
        EXPECT_EQ(stream.durable, 1U);
    }
    const auto key = std::filesystem::status(folder + "/keys/journal.key").permissions();
    EXPECT_EQ(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::remove_all(folder);
}

TEST(Recovery, FindsTheCallsThatADeadProcessLeftOpen) {
    io::FaultyFileSystem files;
    Options options;
    options.segment_bytes = 4096;
    auto dead = open_journal(files, options);
    const Uuid stream = dead->stream();
    for (std::uint64_t i = 1; i <= 100; ++i) {  // every call but 3, 50 and 99 ends; segments pass between
        const std::string header = "open " + std::to_string(i) + std::string(200, '.');
        Entry open = entry_of(header);
        open.opens = call_id(i);
        const Position position = must_append(*dead, open);
        if (i % 10 == 0) ASSERT_TRUE(dead->wait_durable(position));
        if (i == 3 || i == 50 || i == 99) continue;
        Entry close = entry_of("close");
        close.closes = call_id(i);
        must_append(*dead, close);
    }
    files.die_at(1);
    dead.reset();
    files.revive();

    auto journal = open_journal(files, options);
    ASSERT_EQ(journal->orphans().size(), 3U);
    const std::uint64_t expected[] = {3, 50, 99};
    for (std::size_t i = 0; i < 3; ++i) {
        const Orphan& orphan = journal->orphans()[i];
        EXPECT_EQ(orphan.id, call_id(expected[i]));
        EXPECT_EQ(orphan.kind, 7);
        EXPECT_EQ(orphan.header, "open " + std::to_string(expected[i]) + std::string(200, '.'));
        EXPECT_EQ(orphan.opened_at.stream, stream);
    }
    EXPECT_EQ(journal->recovered().size(), 1U);
    EXPECT_EQ(read_all(files, journal.get())[stream].size(), 197U);

    // Dies in the middle of recovery: the one that is adopted does not come again.
    const Opening first{journal->orphans()[0].id, journal->orphans()[0].opened_at};
    Entry adopting = entry_of("interrupted");
    adopting.adopts = first;
    must_append(*journal, adopting);
    files.die_at(1);
    journal.reset();
    files.revive();

    journal = open_journal(files, options);
    ASSERT_EQ(journal->orphans().size(), 2U);
    for (const Orphan& orphan : journal->orphans()) {
        adopting.adopts = Opening{orphan.id, orphan.opened_at};
        must_append(*journal, adopting);
    }
    ASSERT_TRUE(journal->finish_recovery());
    EXPECT_TRUE(files.exists(closed_mark_path(kFolder, stream)));
    files.die_at(1);
    journal.reset();
    files.revive();

    journal = open_journal(files, options);
    EXPECT_TRUE(journal->orphans().empty());
    ASSERT_TRUE(journal->finish_recovery());
    ASSERT_TRUE(journal->close());
    const std::uint64_t before = files.operations();
    journal = open_journal(files, options);
    EXPECT_TRUE(journal->recovered().empty());
    EXPECT_LT(files.operations() - before, 60U);  // closed streams are not read again
}

TEST(Recovery, LeavesLivingStreamsAlone) {
    io::MemoryFileSystem files;
    auto alive = open_journal(files);
    Entry open = entry_of("open");
    open.opens = call_id(1);
    must_append(*alive, open);
    auto other = open_journal(files);
    EXPECT_TRUE(other->orphans().empty());
    ASSERT_TRUE(other->finish_recovery());
    Entry close = entry_of("close");
    close.closes = call_id(1);
    must_append(*alive, close);
    EXPECT_TRUE(alive->close());
    EXPECT_TRUE(other->close());
}

RC_GTEST_PROP(Format, RecordsSurviveTheRoundTrip,
              (const std::string& header, const std::vector<std::string>& bytes, std::uint8_t kind,
               bool opens, bool closes, bool adopts)) {
    SeededRandom random(1);
    Entry entry;
    entry.kind = kind;
    entry.header = header;
    if (opens) entry.opens = call_id(1);
    if (closes) entry.closes = call_id(2);
    if (adopts) entry.adopts = Opening{call_id(3), {call_id(4), 5}};
    std::vector<Payload> payloads;
    for (const auto& b : bytes) {
        const auto name = std::string_view(b).substr(0, 255);
        payloads.push_back({b.size() % 2 == 0 ? PayloadClass::Durable : PayloadClass::Ephemeral, name,
                            name.substr(name.size() / 2), b});
    }
    entry.payloads = payloads;
    auto built = build_record(entry, random);
    RC_ASSERT(built.has_value());
    const Sha256 chain = chain_next(chain_start(call_id(6)), 8, built->digest);
    place_record(built->bytes, 8, 7, chain);
    const auto parsed = parse_record(built->bytes);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->prefix.sequence == 8U);
    RC_ASSERT(parsed->prefix.durable == 7U);
    RC_ASSERT(parsed->prefix.chain == chain);
    RC_ASSERT(sha256(parsed->digested) == built->digest);
    RC_ASSERT(parsed->kind == kind);
    RC_ASSERT(parsed->header == header);
    RC_ASSERT(parsed->opens.has_value() == opens);
    RC_ASSERT(parsed->closes.has_value() == closes);
    RC_ASSERT(parsed->adopts.has_value() == adopts);
    RC_ASSERT(parsed->payloads.size() == payloads.size());
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        const PayloadFrame& frame = parsed->payloads[i];
        RC_ASSERT(frame.payload.bytes == payloads[i].bytes);
        RC_ASSERT(frame.payload.key_id == payloads[i].key_id);
        RC_ASSERT(frame.payload.subject == payloads[i].subject);
        RC_ASSERT(frame.payload.kind == payloads[i].kind);
        RC_ASSERT(payload_digest(frame.salt, frame.payload) == frame.stated_digest);
    }
    // No single flipped bit goes unnoticed, and no cut.
    const auto at = *rc::gen::inRange<std::size_t>(0, built->bytes.size() * 8);
    std::string flipped = built->bytes;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ (1 << (at % 8)));
    RC_ASSERT(!parse_record(flipped).has_value());
    RC_ASSERT(!parse_record(std::string_view(built->bytes).substr(0, at / 8)).has_value());
}

RC_GTEST_PROP(Format, SegmentHeadersSurviveTheRoundTrip,
              (std::uint64_t number, std::uint64_t first, std::vector<std::uint64_t> open,
               std::vector<std::uint64_t> adopted)) {
    SegmentHeader header;
    header.stream = call_id(1);
    header.number = number;
    header.first_sequence = first | 1;
    header.chain_before = chain_start(call_id(2));
    header.created_unix_nanos = 123;
    for (const auto n : open) header.open.push_back({call_id(n), {header.stream, n}});
    for (const auto n : adopted) header.adopted.push_back({call_id(n), {call_id(n + 1), n}});
    const std::string bytes = build_segment_header(header);
    const auto parsed = parse_segment_header(bytes);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(build_segment_header(*parsed) == bytes);
    RC_ASSERT(parsed->header_size == bytes.size());
    RC_ASSERT(parsed->open.size() == open.size());
    RC_ASSERT(parsed->adopted.size() == adopted.size());
}

TEST(Format, RefusesANewerVersion) {
    SegmentHeader header;
    header.first_sequence = 1;
    std::string bytes = build_segment_header(header);
    bytes[8] = 2;
    EXPECT_EQ(parse_segment_header(bytes).error().code, Code::DataLoss);  // nobody wrote that
    const std::size_t end = bytes.size() - 4;
    const std::uint32_t crc = crc32c(std::string_view(bytes).substr(0, end));
    std::memcpy(bytes.data() + end, &crc, sizeof crc);
    EXPECT_EQ(parse_segment_header(bytes).error().code, Code::FailedPrecondition);
}

TEST(Head, IsSignedAndReadable) {
    io::MemoryFileSystem files;
    auto key = SigningKey::load_or_make(files, kFolder);
    ASSERT_TRUE(key);
    auto again = SigningKey::load_or_make(files, kFolder);
    ASSERT_TRUE(again);
    EXPECT_EQ((*key)->public_key_hex(), (*again)->public_key_hex());
    EXPECT_EQ(public_key_of(files, kFolder), (*key)->public_key_hex());
    std::string json = build_head({{call_id(1), 5, chain_start(call_id(1)), false}}, {}, **again);
    auto head = parse_head(json);
    ASSERT_TRUE(head);
    EXPECT_TRUE(head->signature_holds);
    EXPECT_EQ(head->streams[0].sequence, 5U);
    json.replace(json.find("\"sequence\":5"), 12, "\"sequence\":6");
    head = parse_head(json);
    ASSERT_TRUE(head);
    EXPECT_FALSE(head->signature_holds);
    for (const char* wrong : {"", "{}", "[]", "null", R"({"format":"steno-journal-head-1"})",
                              R"({"format":"steno-journal-head-1","streams":[{}]})"}) {
        EXPECT_EQ(parse_head(wrong).error().code, Code::InvalidArgument) << wrong;
    }
}

}  // namespace
}  // namespace steno::journal
