// The journal on a disk that hangs: nobody waits for it who need not, and nothing is lost or there twice.
// These tests do what must not block while the disk is held, on the thread that will release it: where it
// blocks, the test never ends.

#include "base/log.hpp"
#include "journal/gated_file_system.hpp"
#include "journal/test_journal.hpp"
#include "journal/verify.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace steno::journal {
namespace {

/// A journal on a disk with gates.
struct Scene {
    explicit Scene(std::uint64_t seed = 1) : disk(seed) { open(); }

    void open() {
        Options options;
        options.segment_bytes = 4096;
        journal = open_journal(files, options);
    }
    [[nodiscard]] Uuid stream() const { return journal->stream(); }

    void append() {
        must_append(*journal, entry_of(next()));
        written.push_back(next());
    }
    /// The disk holds the fsync of one record; `count` more of half a kilobyte are written behind it.
    void append_behind_a_sync(std::size_t count) {
        files.syncs.close();
        append();
        journal->sync_soon();
        files.syncs.await_blocked();
        for (std::size_t i = 0; i < count; ++i) append();
    }
    void append_until_taken() {
        journal::append_until_taken(*journal, entry_of(next()));
        written.push_back(next());
    }
    void expect_all_there_once() {
        files.open_all();
        EXPECT_TRUE(journal->wait_durable({stream(), written.size()}));
        EXPECT_EQ(read_all(files, journal.get())[stream()], written);
        const Uuid id = stream();
        EXPECT_TRUE(journal->close());
        EXPECT_EQ(read_all(files)[id], written);
        const auto report = verify(files, kFolder);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->intact);
    }

    io::FaultyFileSystem disk;
    GatedFileSystem files{disk};
    std::vector<std::string> written;
    std::unique_ptr<Journal> journal;
    struct Opener {
        GatedFileSystem& files;
        ~Opener() { files.open_all(); }
    };
    Opener opener{files};  ///< goes before the journal, which would wait for the disk in its end

  private:
    [[nodiscard]] std::string next() const {
        return std::to_string(written.size()) + ":" + std::string(500, 'h');
    }
};

struct JournalHangs : testing::Test, Scene {
    JournalHangs() { log::configure(log::Level::Off, false); }
};

TEST_F(JournalHangs, AppendsAndStatsDoNotWaitForAnFsync) {
    append_behind_a_sync(100);
    const Stats stats = journal->stats();
    EXPECT_EQ(stats.appended.sequence, 101U);
    EXPECT_EQ(stats.durable.sequence, 0U);
    EXPECT_EQ(journal->durable().sequence, 0U);
    EXPECT_TRUE(stats.healthy);
    EXPECT_EQ(journal->wait_durable({stream(), 1}, std::chrono::milliseconds(1)).error().code,
              Code::DeadlineExceeded);
    // What is written is safe from the death of this process, whatever the disk does.
    expect_all_there_once();
}

TEST_F(JournalHangs, StatsTellHowLongTheOldestRecordWaits) {
    EXPECT_EQ(journal->stats().oldest_unsynced.count(), 0);
    files.syncs.close();
    must_append(*journal, entry_of("a"));
    files.syncs.await_blocked();
    const auto first = journal->stats().oldest_unsynced;
    EXPECT_GT(first.count(), 0);
    const Position position = must_append(*journal, entry_of("b"));
    EXPECT_GT(journal->stats().oldest_unsynced, first);
    EXPECT_TRUE(journal->stats().healthy);  // nothing has failed
    files.syncs.open();
    ASSERT_TRUE(journal->wait_durable(position));
    EXPECT_EQ(journal->stats().oldest_unsynced.count(), 0);
}

TEST_F(JournalHangs, ASegmentBeginsWithoutAnotherFsync) {
    append_behind_a_sync(20);
    EXPECT_EQ(journal->stats().segments, 1U);
    files.syncs.let_pass(1);
    files.syncs.await_blocked();  // the next fsync is that of the new segment
    const Stats stats = journal->stats();
    EXPECT_EQ(stats.segments, 2U);
    EXPECT_EQ(stats.durable.sequence, 1U);
    EXPECT_EQ(stats.appended.sequence, 21U);
    for (int i = 0; i < 20; ++i) append();
    expect_all_there_once();
}

TEST_F(JournalHangs, ASegmentThatIsBeingMadeHoldsNobodyUp) {
    append_behind_a_sync(20);
    files.creations.close();
    files.syncs.let_pass(1);
    files.creations.await_blocked();
    for (int i = 0; i < 20; ++i) append();
    EXPECT_EQ(journal->stats().appended.sequence, 41U);

    files.renames.close();
    files.creations.open();
    files.renames.await_blocked();  // with all 41 in the draft; appends wait for this one, but nothing else
    EXPECT_EQ(journal->stats().appended.sequence, 41U);
    EXPECT_EQ(journal->durable().sequence, 1U);
    journal->sync_soon();
    expect_all_there_once();
}

TEST_F(JournalHangs, StatsDoNotWaitForAnAppend) {
    append();
    files.appends.close();
    {
        const std::jthread appender([&] { append(); });
        files.appends.await_blocked();
        EXPECT_EQ(journal->stats().appended.sequence, 1U);
        journal->sync_soon();
        EXPECT_TRUE(journal->wait_durable({stream(), 1}));
        files.appends.open();
    }
    expect_all_there_once();
}

TEST_F(JournalHangs, OneAppendHangsWithTheDiskAndTheOthersAreRefused) {
    append();
    files.appends.close();
    {
        const std::jthread appender([&] { append(); });
        files.appends.await_blocked();
        for (std::uint64_t i = 1; i <= 3; ++i) {
            EXPECT_EQ(journal->append(entry_of("refused")).error().code, Code::Unavailable);
            EXPECT_EQ(journal->stats().append_failures, i);
            EXPECT_FALSE(journal->stats().healthy);
        }
        files.appends.open();
    }
    EXPECT_TRUE(journal->stats().healthy);
    append();
    expect_all_there_once();
}

TEST_F(JournalHangs, StatsDoNotWaitForTheEnd) {
    append();
    ASSERT_TRUE(journal->wait_durable({stream(), 1}));
    files.syncs.close();
    {
        const std::jthread closer([&] { EXPECT_TRUE(journal->close()); });
        files.syncs.await_blocked();  // that of the mark
        EXPECT_EQ(journal->stats().appended.sequence, 1U);
        files.syncs.open();
    }
    EXPECT_EQ(read_all(files)[stream()], written);
}

TEST_F(JournalHangs, AppendsAreRefusedAtOnceWhileASegmentIsReplaced) {
    disk.fail_syncs(1);
    append_behind_a_sync(20);
    files.syncs.let_pass(1);      // it fails …
    files.syncs.await_blocked();  // … and the replacement hangs
    for (std::uint64_t i = 1; i <= 3; ++i) {
        EXPECT_EQ(journal->append(entry_of("refused")).error().code, Code::Unavailable);
        EXPECT_EQ(journal->stats().append_failures, i);
    }
    const Stats stats = journal->stats();
    EXPECT_FALSE(stats.healthy);
    EXPECT_EQ(stats.last_error, "input/output error");
    EXPECT_EQ(stats.appended.sequence, 21U);
    EXPECT_EQ(stats.durable.sequence, 0U);

    files.syncs.open();
    append_until_taken();
    EXPECT_TRUE(journal->stats().healthy);
    EXPECT_GE(journal->durable().sequence, 21U);
    expect_all_there_once();
}

TEST_F(JournalHangs, AnAppendThatIsHalfDoneWhenTheFsyncFailsIsKept) {
    disk.fail_syncs(1);
    append_behind_a_sync(1);
    files.appends.close();
    {
        const std::jthread appender([&] { append(); });
        files.appends.await_blocked();
        files.syncs.let_pass(1);  // it fails; the replacement waits for the append, not on the closed gate
        while (journal->stats().healthy) std::this_thread::yield();
        EXPECT_EQ(journal->stats().segments, 1U);
        files.open_all();
    }
    append_until_taken();
    expect_all_there_once();
}

TEST_F(JournalHangs, ARenameThatHappenedAndFailedLosesNothing) {
    for (const bool dies : {false, true}) {
        SCOPED_TRACE(dies);
        Scene scene;
        const Uuid stream = scene.stream();
        scene.append_behind_a_sync(20);
        scene.files.next_rename_lies = true;
        scene.files.syncs.let_pass(1);
        scene.files.syncs.await_blocked();  // of the replacement: nothing is added to the old segment now
        EXPECT_EQ(scene.journal->append(entry_of("refused")).error().code, Code::Unavailable);
        if (dies) {
            scene.disk.die_at(1);
            scene.files.open_all();
            scene.journal.reset();
            scene.disk.revive();
            EXPECT_EQ(read_all(scene.files)[stream], scene.written);
        } else {
            scene.files.open_all();
            scene.append_until_taken();
            scene.expect_all_there_once();
        }
    }
}

TEST_F(JournalHangs, DyingInARotationUnderLoadLosesNothingPromised) {
    for (const bool power_lost : {false, true}) {
        for (std::uint64_t n = 1; n <= 60; ++n) {
            SCOPED_TRACE(testing::Message()
                         << "operation " << n << (power_lost ? ", power lost" : ", killed"));
            Scene scene(n);
            const Uuid stream = scene.stream();
            auto& written = scene.written;
            scene.append_behind_a_sync(20);
            scene.disk.die_at(n);
            scene.files.open_all();
            while (!scene.disk.dead() && scene.journal->durable().sequence < written.size()) {
                std::this_thread::yield();
            }
            scene.disk.die_at(1);
            const std::uint64_t durable = scene.journal->durable().sequence;
            scene.journal.reset();
            if (power_lost) {
                scene.disk.crash();
            } else {
                scene.disk.revive();
            }
            const auto got = read_all(scene.files)[stream];
            EXPECT_GE(got.size(), power_lost ? durable : written.size());
            ASSERT_LE(got.size(), written.size());
            written.resize(got.size());
            EXPECT_EQ(got, written);

            scene.open();  // recovery finds the same, and the folder is sound
            EXPECT_TRUE(scene.journal->finish_recovery());
            EXPECT_TRUE(scene.journal->close());
            EXPECT_EQ(read_all(scene.files)[stream], written);
            const auto report = verify(scene.files, kFolder);
            ASSERT_TRUE(report);
            EXPECT_TRUE(report->intact);
            if (HasFailure()) return;
        }
    }
}

}  // namespace
}  // namespace steno::journal
