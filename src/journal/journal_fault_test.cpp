// The journal on disks that fail and machines that die: what was promised is there, in order, once.

#include "base/log.hpp"
#include "journal/test_journal.hpp"
#include "journal/verify.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <set>

namespace steno::journal {
namespace {

enum class Death : std::uint8_t { Killed, PowerLost };

/// What one process did to its stream before it died.
struct Life {
    Uuid stream;
    std::vector<std::string> appended;    ///< in order; position is index + 1
    std::size_t durable = 0;              ///< how many of them were acknowledged as durable
    std::vector<std::string> unanswered;  ///< of the append that failed when the process died: the first of
                                          ///< them may be there
};

class Machine {
  public:
    Machine(std::uint64_t seed, std::uint64_t segment_bytes)
        : files_(seed), random_(seed), segment_bytes_(segment_bytes) {}

    /// One process: recovers, appends, and dies at the given operation (or at the end).
    void live(std::uint64_t operations, Death death) {
        files_.die_at(operations);
        run();
        if (death == Death::Killed) {
            files_.revive();
        } else {
            files_.crash();
        }
        check(death);
    }

    /// A process that recovers everything and ends in peace; then every call that was begun has ended once.
    void end_in_peace() {
        auto journal = open_journal(files_);
        ASSERT_TRUE(journal);
        adopt_all(*journal);
        ASSERT_TRUE(journal->finish_recovery());
        ASSERT_TRUE(journal->close());
        journal.reset();
        journal = open_journal(files_);
        EXPECT_TRUE(journal->orphans().empty());
        EXPECT_TRUE(journal->recovered().empty());
        ASSERT_TRUE(journal->close());
        const auto report = verify(files_, kFolder);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->intact) << first_reason(*report);

        std::map<Uuid, int> balance;
        auto reader = Reader::open(files_, kFolder);
        const auto streams = (*reader)->streams();
        for (const StreamInfo& stream : *streams) {
            EXPECT_TRUE(stream.closed);
            auto cursor = (*reader)->scan(stream.id);
            for (auto record = (*cursor)->next(); record && *record; record = (*cursor)->next()) {
                if ((*record)->opens) ++balance[*(*record)->opens];
                if ((*record)->closes) --balance[*(*record)->closes];
                if ((*record)->adopts) --balance[(*record)->adopts->id];
            }
        }
        for (const auto& [id, left] : balance) EXPECT_EQ(left, 0) << id.to_string();
    }

    [[nodiscard]] std::uint64_t operations() const { return files_.operations(); }

  private:
    static std::string first_reason(const Report& report) {
        for (const auto& stream : report.streams) {
            if (stream.first_damage) return stream.first_damage->reason;
        }
        return "";
    }

    bool adopt_all(Journal& journal) {
        for (const Orphan& orphan : journal.orphans()) {
            Entry entry = entry_of("interrupted");
            entry.adopts = Opening{orphan.id, orphan.opened_at};
            if (!journal.append(entry)) return false;
        }
        return true;
    }

    void run() {
        Options options;
        options.segment_bytes = segment_bytes_;
        auto opened = Journal::open(files_, kFolder, options);
        if (!opened) return;
        Journal& journal = **opened;
        Life& life = lives_.emplace_back();
        life.stream = journal.stream();
        for (const Orphan& orphan : journal.orphans()) {
            Entry entry = entry_of("interrupted");
            entry.adopts = Opening{orphan.id, orphan.opened_at};
            if (!append(journal, life, {entry})) return;
        }
        if (!journal.finish_recovery()) return;
        life.durable = life.appended.size();

        std::vector<Uuid> open;
        for (int i = 0; i < 60; ++i) {
            std::array<std::string, 4> headers;
            const std::string bytes(random_.next_u64() % 300, 'p');
            const Payload payload{PayloadClass::Durable, "", "subject", bytes};
            std::vector<Entry> entries;
            const std::size_t together = random_.next_u64() % 3 == 0 ? 1 + random_.next_u64() % 4 : 1;
            for (std::size_t j = 0; j < together; ++j) {
                headers[j] = std::to_string(i) + ":" + std::string(random_.next_u64() % 700, 'x');
                Entry& entry = entries.emplace_back(entry_of(headers[j]));
                if (random_.next_u64() % 2 == 0) entry.payloads = {&payload, 1};
                const std::uint64_t what = random_.next_u64() % 3;
                if (what == 0) {
                    entry.opens = Uuid::random(random_);
                } else if (what == 1 && !open.empty()) {
                    entry.closes = open.back();
                    open.pop_back();
                }
                if (entry.opens) open.push_back(*entry.opens);
            }
            if (!append(journal, life, entries)) return;
            if (random_.next_u64() % 5 == 0) {
                const std::size_t count = life.appended.size();
                if (!journal.wait_durable({journal.stream(), count})) return;
                life.durable = count;
            }
        }
    }

    static bool append(Journal& journal, Life& life, const std::vector<Entry>& entries) {
        const auto position = journal.append(entries);
        auto& headers = position ? life.appended : life.unanswered;
        for (const Entry& entry : entries) headers.emplace_back(entry.header);
        if (!position) return false;
        EXPECT_EQ(*position, (Position{life.stream, life.appended.size()}));
        return true;
    }

    void check(Death death) {
        auto there = read_all(files_);
        for (Life& life : lives_) {
            const auto& got = there[life.stream];
            std::vector<std::string> possible = life.appended;
            possible.insert(possible.end(), life.unanswered.begin(), life.unanswered.end());
            const std::size_t least = death == Death::Killed ? life.appended.size() : life.durable;
            ASSERT_GE(got.size(), least);
            ASSERT_LE(got.size(), possible.size());
            for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], possible[i]);
            // What survived once has been found durable, or will be at the next recovery.
            life.appended = got;
            life.unanswered.clear();
            life.durable = std::min(life.durable, got.size());
        }
        const auto report = verify(files_, kFolder);
        ASSERT_TRUE(report) << report.error().message;
        ASSERT_TRUE(report->intact) << first_reason(*report);
    }

    io::FaultyFileSystem files_;
    SeededRandom random_;
    std::uint64_t segment_bytes_;
    std::vector<Life> lives_;
};

struct JournalFaults : testing::Test {
    JournalFaults() { log::configure(log::Level::Off, false); }
};

TEST_F(JournalFaults, DyingAtAnyOperationLosesNothingPromised) {
    for (const Death death : {Death::Killed, Death::PowerLost}) {
        for (std::uint64_t n = 1; n <= 220; ++n) {
            SCOPED_TRACE(testing::Message()
                         << "operation " << n << (death == Death::Killed ? ", killed" : ", power lost"));
            Machine machine(n, 4096);
            machine.live(n, death);
            machine.live(n / 2 + 1, death);  // and again while it recovers
            machine.end_in_peace();
            if (HasFailure()) return;
        }
    }
}

/// What a killed process left behind without making it durable (the signing key, the mark of a stream's end)
/// is there for the next one, and may be gone after a power cut that follows.
TEST_F(JournalFaults, WhatAKilledProcessLeftIsNotBuiltUponBeforeItIsDurable) {
    constexpr std::uint64_t kToItsEnd = 1000;
    const auto survives = [](const std::vector<std::uint64_t>& killed_at) {
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            SCOPED_TRACE(testing::Message() << testing::PrintToString(killed_at) << ", seed " << seed);
            Machine machine(seed, 4096);
            for (const std::uint64_t operations : killed_at) machine.live(operations, Death::Killed);
            machine.live(kToItsEnd, Death::PowerLost);
            machine.end_in_peace();
            if (HasFailure()) return;
        }
    };
    for (std::uint64_t n = 1; n <= 20; ++n) survives({n, 60});   // dies while it makes the key
    for (std::uint64_t n = 1; n <= 120; ++n) survives({60, n});  // dies while it marks what it adopted from
}

RC_GTEST_FIXTURE_PROP(JournalFaults, AnyRowOfDeathsLosesNothingPromised, (std::uint64_t seed)) {
    const auto segment_bytes = *rc::gen::inRange<std::uint64_t>(4096, 20'000);
    const auto deaths = *rc::gen::container<std::vector<std::pair<std::uint64_t, bool>>>(
        rc::gen::pair(rc::gen::inRange<std::uint64_t>(1, 400), rc::gen::arbitrary<bool>()));
    Machine machine(seed, segment_bytes);
    for (std::size_t i = 0; i < std::min<std::size_t>(deaths.size(), 6); ++i) {
        machine.live(deaths[i].first, deaths[i].second ? Death::Killed : Death::PowerLost);
    }
    machine.end_in_peace();
    RC_ASSERT(!testing::Test::HasFailure());
}

TEST_F(JournalFaults, AFailedFsyncIsNeverTrustedAgain) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        io::FaultyFileSystem files(seed);
        auto journal = open_journal(files);
        const Uuid stream = journal->stream();
        std::vector<std::string> written;
        for (int i = 0; i < 30; ++i) {
            written.push_back("record " + std::to_string(i));
            Entry entry = entry_of(written.back());
            entry.opens = call_id(static_cast<std::uint64_t>(i));
            if (i % 10 == 7) files.fail_syncs(1 + seed % 3);
            const Position position = append_until_taken(*journal, entry);
            if (i % 10 == 7) {
                // An attempt may fail as a whole, and is told; the next one begins by itself.
                while (!journal->wait_durable(position)) ASSERT_GT(journal->stats().sync_failures, 0U);
            }
        }
        ASSERT_TRUE(journal->wait_durable({stream, 30}));
        EXPECT_GE(journal->stats().sync_failures, 3U);
        EXPECT_GE(journal->stats().segments, 4U);
        EXPECT_EQ(files.syncs_after_failure(), 0U);
        EXPECT_TRUE(journal->stats().healthy);
        EXPECT_EQ(read_all(files, journal.get())[stream], written);
        files.die_at(1);
        journal.reset();
        files.crash();
        EXPECT_EQ(read_all(files)[stream], written);
        journal = open_journal(files);
        EXPECT_EQ(journal->orphans().size(), 30U);
        const auto report = verify(files, kFolder);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->intact);
    }
}

TEST_F(JournalFaults, AFullDiskIsAClearErrorAndLeavesNoTrace) {
    io::FaultyFileSystem files;
    auto journal = open_journal(files);
    const Uuid stream = journal->stream();
    const std::string header(100, 'h');
    std::vector<std::string> written;
    for (int round = 0; round < 20; ++round) {
        written.push_back(header + std::to_string(round));
        must_append(*journal, entry_of(written.back()));
        files.set_free_bytes(static_cast<std::uint64_t>(round) * 9);
        const auto failed = journal->append(entry_of(header + "lost"));
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, Code::ResourceExhausted);
        EXPECT_FALSE(journal->stats().healthy);
        EXPECT_NE(journal->stats().last_error, "");
        files.set_free_bytes(std::nullopt);
    }
    EXPECT_EQ(journal->stats().append_failures, 20U);
    files.set_short_writes(7);
    written.push_back(header + "in small pieces");
    must_append(*journal, entry_of(written.back()));
    EXPECT_TRUE(journal->stats().healthy);
    ASSERT_TRUE(journal->close());
    EXPECT_EQ(read_all(files)[stream], written);
}

TEST_F(JournalFaults, RecordsThatAreAppendedTogetherAreThereTogetherOrNotAtAll) {
    io::FaultyFileSystem files;
    auto journal = open_journal(files);
    const Uuid stream = journal->stream();
    std::vector<Entry> entries(5, entry_of("one of five"));
    entries[1].opens = call_id(1);
    entries[3].closes = call_id(1);
    entries[4].opens = call_id(2);
    std::uint64_t bytes = 0;
    Result<Position> last = fail(Code::Internal, "");
    for (; !last; bytes += 20) {
        EXPECT_EQ(journal->stats().open_calls, 0U);
        files.set_free_bytes(bytes);
        last = journal->append(entries);
        if (!last) ASSERT_EQ(last.error().code, Code::ResourceExhausted) << bytes;
    }
    EXPECT_GT(bytes, 300U);  // some of those had room for the first records
    files.set_free_bytes(std::nullopt);
    EXPECT_EQ(last->sequence, 5U);
    ASSERT_TRUE(journal->wait_durable(*last));
    EXPECT_EQ(journal->stats().open_calls, 1U);
    EXPECT_EQ(journal->append(std::span<const Entry>()).error().code, Code::InvalidArgument);
    must_append(*journal, entry_of("and one"));
    ASSERT_TRUE(journal->close());
    journal.reset();
    EXPECT_EQ(read_all(files)[stream].size(), 6U);
    journal = open_journal(files);
    ASSERT_EQ(journal->orphans().size(), 1U);
    EXPECT_EQ(journal->orphans()[0].opened_at, (Position{stream, 5}));
    const auto report = verify(files, kFolder);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->intact);
}

TEST_F(JournalFaults, ATornWriteThatCannotBeCutOffIsLeftBehind) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        io::FaultyFileSystem files(seed);
        auto journal = open_journal(files);
        const Uuid stream = journal->stream();
        std::vector<std::string> written;
        for (int i = 0; i < 10; ++i) {
            written.push_back("record " + std::to_string(i));
            append_until_taken(*journal, entry_of(written.back()));
            files.fail_appends(1);
            files.fail_truncations(1);
            EXPECT_EQ(journal->append(entry_of("lost")).error().code, Code::Unavailable);
        }
        files.fail_truncations(0);
        append_until_taken(*journal, entry_of("end"));
        written.emplace_back("end");
        EXPECT_TRUE(journal->stats().healthy);
        ASSERT_TRUE(journal->wait_durable({stream, written.size()}));
        EXPECT_EQ(read_all(files, journal.get())[stream], written);
        ASSERT_TRUE(journal->close());
        EXPECT_EQ(read_all(files)[stream], written);
        const auto report = verify(files, kFolder);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->intact);
    }
}

TEST_F(JournalFaults, WaitingEndsWhenTheDiskDoesNotComeBack) {
    io::FaultyFileSystem files;
    auto journal = open_journal(files);
    files.fail_syncs(1'000'000);
    const Position position = must_append(*journal, entry_of("x"));
    EXPECT_EQ(journal->wait_durable(position).error().code, Code::Unavailable);
    EXPECT_EQ(journal->close().error().code, Code::Unavailable);
}

TEST_F(JournalFaults, MemoryStaysBoundedWhenTheDiskHangsBehind) {
    io::FaultyFileSystem files;
    Options options;
    options.max_unsynced_bytes = 10'000;
    auto journal = open_journal(files, options);
    files.fail_syncs(1'000'000);
    const std::string header(1000, 'h');
    Code last = Code::Internal;
    for (int i = 0; i < 20; ++i) {
        const auto position = journal->append(entry_of(header));
        if (!position) last = position.error().code;
    }
    EXPECT_TRUE(last == Code::ResourceExhausted || last == Code::Unavailable);
    files.fail_syncs(0);
}

}  // namespace
}  // namespace steno::journal
