#include "journal/living.hpp"

#include "journal/format.hpp"
#include "journal/test_journal.hpp"
#include "journal/verify.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

/// Several processes at one folder: each writes a stream, and one of them reads and cleans up for all.
namespace steno::journal {
namespace {

using namespace std::chrono_literals;

/// A journal of another process, which only writes. `said(n)` waits until that has told the others that the
/// record n is durable: on_durable comes after that word.
class OtherProcess {
  public:
    explicit OtherProcess(io::FileSystem& files, std::uint64_t segment_bytes = 64ULL << 20) {
        Options options;
        options.recover = false;
        options.max_delay = 1ms;
        options.segment_bytes = segment_bytes;
        options.on_durable = [this](const Position& position) {
            const std::lock_guard lock(mutex_);
            durable_ = position.sequence;
            told_.notify_all();
        };
        journal_ = open_journal(files, std::move(options));
    }
    Journal& operator*() { return *journal_; }
    Journal* operator->() { return journal_.get(); }
    void said(std::uint64_t sequence) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(told_.wait_for(lock, 30s, [&] { return durable_ >= sequence; }));
    }
    void die() { journal_.reset(); }

  private:
    std::mutex mutex_;
    std::condition_variable told_;
    std::uint64_t durable_ = 0;
    std::unique_ptr<Journal> journal_;
};

std::vector<std::string> rest_of(Cursor& cursor) {
    std::vector<std::string> headers;
    for (;;) {
        auto record = cursor.next();
        EXPECT_TRUE(record) << record.error().message;
        if (!record || !*record) return headers;
        headers.emplace_back((*record)->header);
    }
}

TEST(Living, AStreamOfAnotherProcessIsReadAsFarAsThatHasSaidAndThenToItsEnd) {
    io::MemoryFileSystem files;
    const auto own = open_journal(files);
    OtherProcess other(files, 4096);
    const auto reader = *Reader::open(files, kFolder, own.get());
    const auto cursor = *reader->scan(other->stream());
    EXPECT_TRUE(rest_of(*cursor).empty());
    EXPECT_TRUE(cursor->grows());

    std::vector<std::string> written;
    for (int i = 0; i < 200; ++i) {  // through several segments
        written.push_back("record " + std::to_string(i) + std::string(100, '.'));
        must_append(*other, entry_of(written.back()));
        if (i % 20 == 19) other.said(written.size());
    }
    EXPECT_EQ(rest_of(*cursor), written);
    EXPECT_TRUE(cursor->grows());
    const auto read = reader->read({other->stream(), 200});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->header, written.back());
    const auto infos = *reader->streams();
    const auto info = std::ranges::find(infos, other->stream(), &StreamInfo::id);
    ASSERT_NE(info, infos.end());
    EXPECT_FALSE(info->closed || info->live);
    EXPECT_EQ(info->durable, 200u);
    EXPECT_GT(info->segments, 1u);

    must_append(*other, entry_of("the last one"));
    ASSERT_TRUE(other->close());
    EXPECT_EQ(rest_of(*cursor), std::vector<std::string>{"the last one"});
    EXPECT_FALSE(cursor->grows());
}

TEST(Living, WhatIsNotSaidToBeDurableIsNotRead) {
    io::MemoryFileSystem files;
    const auto own = open_journal(files);
    OtherProcess other(files);
    must_append(*other, entry_of("one"));
    other.said(1);
    const std::string path = stream_lock_path(kFolder, other->stream());
    EXPECT_EQ(read_durable_note(files, kFolder, other->stream()), 1u);
    {
        const auto file = *files.open_append(path);
        ASSERT_TRUE(file->truncate(11));  // as half of it would be read
    }
    EXPECT_EQ(read_durable_note(files, kFolder, other->stream()), std::nullopt);
    const auto reader = *Reader::open(files, kFolder, own.get());
    const auto cursor = *reader->scan(other->stream());
    EXPECT_TRUE(rest_of(*cursor).empty());
    must_append(*other, entry_of("two"));
    other.said(2);
    EXPECT_EQ(rest_of(*cursor), (std::vector<std::string>{"one", "two"}));
}

TEST(Living, WhoDiesIsFoundOnceAndWhoLivesIsNotTakenForDead) {
    io::MemoryFileSystem files;
    const auto own = open_journal(files);
    ASSERT_TRUE(own->finish_recovery());
    OtherProcess dies(files);
    OtherProcess lives(files);
    Entry open = entry_of("begun");
    open.opens = call_id(1);
    const Position opened = must_append(*dies, open);
    open.opens = call_id(2);
    must_append(*lives, open);
    EXPECT_EQ(*own->recover_again(), std::nullopt);

    dies.die();
    const auto found = own->recover_again();
    ASSERT_TRUE(found && *found);
    ASSERT_EQ((*found)->size(), 1u);
    EXPECT_EQ((*found)->front().id, call_id(1));
    EXPECT_EQ((*found)->front().header, "begun");
    Entry adopt = entry_of("interrupted");
    adopt.adopts = Opening{call_id(1), opened};
    must_append(*own, adopt);
    ASSERT_TRUE(own->finish_recovery());
    EXPECT_EQ(*own->recover_again(), std::nullopt);

    const auto reader = *Reader::open(files, kFolder, own.get());
    const auto cursor = *reader->scan(opened.stream);
    EXPECT_EQ(rest_of(*cursor), std::vector<std::string>{"begun"});
    EXPECT_FALSE(cursor->grows());
    Entry close = entry_of("ended");
    close.closes = call_id(2);
    must_append(*lives, close);
    EXPECT_TRUE(lives->close());
    EXPECT_EQ(*own->recover_again(), std::nullopt);
    EXPECT_TRUE(own->close());
    const auto report = verify(files, kFolder);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->intact);
    EXPECT_EQ(report->streams.size(), 3u);
    EXPECT_TRUE(std::ranges::all_of(report->streams, &StreamReport::closed));
}

TEST(Living, WhoeverCannotCleanUpAtOnceTriesItAgain) {
    io::MemoryFileSystem files;
    const auto own = open_journal(files);
    ASSERT_TRUE(own->finish_recovery());
    OtherProcess dies(files);
    Entry open = entry_of("begun");
    open.opens = call_id(1);
    const Position first = must_append(*dies, open);
    open.opens = call_id(2);
    const Position second = must_append(*dies, open);
    dies.die();
    auto found = own->recover_again();
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->size(), 2u);
    Entry adopt = entry_of("interrupted");
    adopt.adopts = Opening{call_id(1), first};
    ASSERT_TRUE(own->wait_durable(must_append(*own, adopt)));  // and then the disk is full

    found = own->recover_again();
    ASSERT_TRUE(found && *found);
    ASSERT_EQ((*found)->size(), 1u) << "what we have closed ourselves is not open";
    EXPECT_EQ((*found)->front().id, call_id(2));
    adopt.adopts = Opening{call_id(2), second};
    must_append(*own, adopt);
    ASSERT_TRUE(own->finish_recovery());
    EXPECT_TRUE(files.exists(closed_mark_path(kFolder, first.stream)));
    EXPECT_EQ(*own->recover_again(), std::nullopt);
}

TEST(Living, OneDeathCostsLittleHoweverManyLive) {
    io::FaultyFileSystem files;
    const auto own = open_journal(files);
    ASSERT_TRUE(own->finish_recovery());
    std::vector<std::unique_ptr<OtherProcess>> others;
    for (int i = 0; i < 20; ++i) {
        OtherProcess& other = *others.emplace_back(std::make_unique<OtherProcess>(files));
        must_append(*other, entry_of("said"));
        other.said(1);
    }
    OtherProcess dies(files);
    Entry open = entry_of("begun");
    open.opens = call_id(1);
    must_append(*dies, open);
    dies.die();
    const std::uint64_t before = files.operations();
    const auto found = own->recover_again();
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->size(), 1u);
    // Of each that lives its lock is asked for twice, and nothing is read.
    EXPECT_LT(files.operations() - before, 2 * others.size() + 60);
}

TEST(Living, AStreamOfAnotherUserKeepsNobodyFromTheOthers) {
    for (const bool closed : {false, true}) {
        for (const bool before : {false, true}) {
            io::FaultyFileSystem files;
            auto own = before ? nullptr : open_journal(files);
            OtherProcess foreign(files);
            must_append(*foreign, entry_of("theirs"));
            foreign.said(1);
            const Uuid stream = foreign->stream();
            if (closed) foreign.die();
            files.give_away(stream_folder(kFolder, stream));
            OtherProcess dies(files);
            Entry open = entry_of("begun");
            open.opens = call_id(1);
            const Position opened = must_append(*dies, open);
            dies.die();

            if (before) own = open_journal(files);
            ASSERT_TRUE(own);
            if (before) {
                EXPECT_EQ(own->orphans().size(), 1u);
            } else {
                const auto found = own->recover_again();
                ASSERT_TRUE(found && *found) << found.error().message;
                EXPECT_EQ((*found)->size(), 1u);
            }
            Entry adopt = entry_of("interrupted");
            adopt.adopts = Opening{call_id(1), opened};
            must_append(*own, adopt);
            ASSERT_TRUE(own->finish_recovery());
            EXPECT_EQ(*own->recover_again(), std::nullopt) << "nor is it taken for dead again and again";

            const auto reader = *Reader::open(files, kFolder, own.get());
            const auto infos = reader->streams();
            ASSERT_TRUE(infos) << infos.error().message;
            EXPECT_EQ(infos->size(), 3u);
            const auto info = std::ranges::find(*infos, stream, &StreamInfo::id);
            ASSERT_NE(info, infos->end());
            EXPECT_EQ(info->damage.size(), 1u);
            const auto report = verify(files, kFolder);
            ASSERT_TRUE(report) << report.error().message;
            EXPECT_FALSE(report->intact);
            EXPECT_EQ(
                std::ranges::count_if(report->streams,
                                      [](const StreamReport& one) { return one.first_damage.has_value(); }),
                1);
            const auto told = std::ranges::find(report->streams, stream, &StreamReport::id);
            ASSERT_TRUE(told != report->streams.end() && told->first_damage);
            EXPECT_EQ(told->first_damage->kind, DamageKind::Unreadable);
        }
    }
}

TEST(Living, WhoDoesNotRecoverLeavesTheDeadToOthers) {
    io::MemoryFileSystem files;
    OtherProcess dead(files);
    Entry open = entry_of("begun");
    open.opens = call_id(1);
    must_append(*dead, open);
    dead.die();
    {
        OtherProcess other(files);
        EXPECT_TRUE(other->orphans().empty());
        EXPECT_EQ(*other->recover_again(), std::nullopt);
        ASSERT_TRUE(other->finish_recovery());
        const auto recovering = open_journal(files);  // while that lives
        EXPECT_EQ(recovering->orphans().size(), 1u);
    }
}

TEST(Living, AStreamThatIsBeingWrittenVerifies) {
    io::MemoryFileSystem files;
    OtherProcess other(files, 4096);
    must_append(*other, entry_of("first"));
    other.said(1);
    std::atomic<bool> stop = false;
    std::thread writing([&] {
        for (int n = 0; n < 5000 && !stop; ++n) append_until_taken(*other, entry_of(std::string(300, 'x')));
    });
    std::uint64_t records = 0;
    for (int i = 0; i < 50; ++i) {
        const auto report = verify(files, kFolder);
        ASSERT_TRUE(report) << report.error().message;
        ASSERT_EQ(report->streams.size(), 1u);
        const StreamReport& stream = report->streams.front();
        EXPECT_TRUE(report->intact) << stream.first_damage->reason;
        EXPECT_EQ(stream.torn_bytes, 0u);
        EXPECT_GE(stream.records, std::max<std::uint64_t>(1, records));
        records = stream.records;
    }
    stop = true;
    writing.join();
}

}  // namespace
}  // namespace steno::journal
