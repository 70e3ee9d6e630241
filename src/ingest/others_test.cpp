#include "ingest/entry.hpp"
#include "ingest/test_folder.hpp"
#include "io/faulty_file_system.hpp"
#include "journal/format.hpp"
#include "journal/living.hpp"
#include "record/binary.hpp"

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

/// A data folder that other processes write to at the same time.
namespace steno::ingest {
namespace {

/// Another process at the folder: it only writes its stream.
struct Other {
    explicit Other(io::FileSystem& files) {
        journal::Options options;
        options.recover = false;
        options.max_delay = 1ms;
        journal = *journal::Journal::open(files, "/data", std::move(options));
        recorder.emplace(*journal, pricing::Catalogue::built_in());
    }
    void begin(const Call& call) {
        std::string header;
        append_entry_header(header, std::nullopt);
        header += encode(call, Place::Header);
        journal::Entry entry;
        entry.kind = static_cast<std::uint8_t>(EntryKind::Opening);
        entry.header = header;
        entry.opens = call.id;
        EXPECT_TRUE(journal->append(entry));
    }
    void die() {
        recorder.reset();
        journal.reset();
    }
    std::unique_ptr<journal::Journal> journal;
    std::optional<Recorder> recorder;
};

/// What a process says that another is to hear of is not there at once.
template <class Condition>
void eventually(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!condition() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(condition());
}

TEST_F(Ingest, WhatOthersWriteIsFedWhileTheyLiveAndAfterThat) {
    Other before(files);
    ASSERT_TRUE(before.recorder->complete(call("before")));
    auto folder = open();
    eventually([&] { return rows(*folder) == 1; });
    std::vector<std::unique_ptr<Other>> others;
    for (int i = 0; i < 4; ++i) others.push_back(std::make_unique<Other>(files));
    constexpr int kCalls = 500;
    std::vector<std::thread> threads;
    for (const auto& other : others) {
        threads.emplace_back([&] {
            SeededRandom ids = SeededRandom(static_cast<std::uint64_t>(&other - others.data()) + 100);
            for (int i = 0; i < kCalls; ++i) {
                Call made = call_with_id(Uuid::random(ids));
                EXPECT_TRUE(other->recorder->complete(made));
            }
        });
    }
    for (int i = 0; i < kCalls; ++i) ASSERT_TRUE(folder->recorder().complete(call("ours")));
    for (std::thread& thread : threads) thread.join();
    eventually([&] { return rows(*folder) == 5 * kCalls + 1; });
    // One that comes, says something and goes, perhaps between two looks.
    const Call brief = call("brief");
    {
        Other guest(files);
        ASSERT_TRUE(guest.recorder->complete(brief));
    }
    eventually([&] { return folder->calls().get(brief.id).has_value(); });
    // Who opens the folder next, or feeds a new store, comes to the same, though they still live.
    folder.reset();
    shared.fresh = true;
    folder = open();
    EXPECT_EQ(rows(*folder), 5u * kCalls + 2);
    others.clear();
    EXPECT_EQ(rows(*folder), 5u * kCalls + 2);
    EXPECT_TRUE(folder->damage().count() == 0);
}

TEST_F(Ingest, WhatOneWhoDiesLeftOpenIsInterruptedWhileWeGoOn) {
    const auto folder = open();
    Other other(files);
    ASSERT_TRUE(other.recorder->complete(call("whole")));
    const Call lost = call("cut off");
    other.begin(lost);
    eventually([&] { return rows(*folder) == 1; });
    EXPECT_FALSE(folder->calls().get(lost.id));
    other.die();
    eventually([&] { return rows(*folder) == 2; });
    const auto seen = folder->calls().get(lost.id);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->status, Status::Interrupted);
}

TEST_F(Ingest, WhoReadsDoesNotWaitForThoseWhoWriteFasterThanIsFed) {
    batch = 9;  // a third each, with one that writes and one that dies
    constexpr int kBefore = 40;
    Other writes(files);
    SeededRandom ids{11};
    const auto write = [&](int count) {
        for (int i = 0; i < count; ++i) {
            Call made = call_with_id(Uuid::random(ids));
            EXPECT_TRUE(writes.recorder->complete(made));
        }
        const journal::Position end = writes.journal->stats().appended;
        EXPECT_TRUE(writes.journal->wait_durable(end));
        while (journal::read_durable_note(files, "/data", end.stream).value_or(0) < end.sequence)
            std::this_thread::yield();
    };
    write(kBefore);
    std::atomic<bool> goes_on = true;
    shared.before_apply = [&] {
        if (goes_on) write(10);
    };
    const auto folder = open();
    ASSERT_TRUE(folder->recorder().complete(call("ours")));
    EXPECT_TRUE(folder->feeder().catch_up(10s)) << "more comes with each batch than that takes";
    EXPECT_GT(*folder->store().count({}), static_cast<std::uint64_t>(kBefore));
    EXPECT_TRUE(folder->feeder().stats().history_fed);

    Other dies(files);
    const Call lost = call("cut off");
    dies.begin(lost);
    dies.die();
    eventually([&] {
        const auto row = folder->store().get(lost.id, std::nullopt);
        return row && *row && (*row)->call.status == Status::Interrupted;
    });
    goes_on = false;
    eventually([&] { return rows(*folder) == writes.journal->stats().appended.sequence + 2; });
}

TEST_F(Ingest, AStreamOfAnotherUserStopsNothing) {
    io::FaultyFileSystem disk;
    const auto fed = [&](DataFolder& folder, std::uint64_t count) {
        eventually([&] { return rows(folder) == count; });
        EXPECT_EQ(folder.damage().count(), 1u);
        EXPECT_TRUE(folder.feeder().stats().healthy) << folder.feeder().stats().last_error;
    };
    {
        const auto folder = open(disk);
        const std::string theirs = journal::stream_folder("/data", Uuid::random(random));
        disk.give_away(theirs);
        ASSERT_TRUE(disk.memory().make_directories(theirs));  // it comes while we are here
        eventually([&] { return folder->damage().count() == 1; });
        ASSERT_TRUE(folder->recorder().complete(call("ours")));
        Other other(disk);
        ASSERT_TRUE(other.recorder->complete(call("another's")));
        fed(*folder, 2);
    }
    const auto folder = open(disk);
    ASSERT_TRUE(folder && folder->recorder().complete(call("ours")));
    fed(*folder, 3);
}

}  // namespace
}  // namespace steno::ingest
