// What was removed for good is gone, and the rest still verifies.

#include "journal/trimming.hpp"

#include "journal/test_sealing.hpp"

#include <gtest/gtest.h>

namespace steno::journal {
namespace {

class Trimming : public testing::Test {
  protected:
    Result<StreamHead> trim(io::FileSystem& files, std::uint64_t last_segment) {
        STENO_ASSIGN(const auto key, SigningKey::load_or_make(files, kFolder));
        return trim_stream(files, kFolder, stream_, last_segment, system_clock(), *key);
    }
    void write_sealed(io::FileSystem& files) {
        stream_ = write_stream(files, 11);
        ASSERT_TRUE(seal_all(files, stream_, small_blocks()));
        segments_ = ended_segments(files, kFolder, stream_, UINT64_MAX - 1).value();
        ASSERT_GT(segments_.size(), 3u);
    }
    Uuid stream_;
    std::vector<SegmentFile> segments_;
};

TEST_F(Trimming, WhatIsLeftReadsAndVerifies) {
    io::MemoryFileSystem files;
    write_sealed(files);
    const auto before = scan_all(files, stream_);
    const auto end = trim(files, segments_[1].number);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->sequence + 1, segments_[2].header.first_sequence);
    EXPECT_FALSE(files.exists(segments_[0].path));
    expect_intact(files);
    const auto after = scan_all(files, stream_);
    ASSERT_EQ(after.size(), before.size() - end->sequence);
    EXPECT_EQ(after.front(), before[end->sequence]);
    auto reader = Reader::open(files, kFolder);
    EXPECT_EQ((*reader)->read({stream_, 1}).error().code, Code::NotFound);
    const auto streams = (*reader)->streams();
    EXPECT_EQ((*streams)[0].first_sequence, end->sequence + 1);
    EXPECT_EQ(verify(files, kFolder)->streams[0].trimmed, end->sequence);
}

TEST_F(Trimming, AllOfAClosedStreamCanGo) {
    io::MemoryFileSystem files;
    write_sealed(files);
    for (const SegmentFile& segment : segments_) ASSERT_TRUE(trim(files, segment.number));
    EXPECT_TRUE(scan_all(files, stream_).empty());
    expect_intact(files);
}

TEST_F(Trimming, AHeadOfLaterProvesTheRestAndOneOfBeforeSaysNothing) {
    io::MemoryFileSystem files;
    write_sealed(files);
    auto journal = open_journal(files);
    const auto head = journal->export_head();
    ASSERT_TRUE(journal->close());
    ASSERT_TRUE(trim(files, segments_[0].number));
    const auto report = verify(files, kFolder, *head);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->intact);
    for (const StreamReport& stream : report->streams) {
        if (stream.id == stream_) EXPECT_TRUE(stream.against_head);
    }
}

TEST_F(Trimming, AMarkWithAnotherChainThanTheEndOrTheHeadKnowsIsFound) {
    for (const bool against : {false, true}) {
        io::MemoryFileSystem files;
        write_sealed(files);
        std::optional<std::string> head;
        if (against) {
            auto journal = open_journal(files);
            head = journal->export_head().value();
            ASSERT_TRUE(journal->close());
        }
        auto end = trim(files, segments_.back().number).value();
        if (against) ASSERT_TRUE(files.unlink(closed_mark_path(kFolder, stream_)));
        ASSERT_TRUE(verify(files, kFolder, head)->intact);
        end.chain[0] ^= 1;
        const auto key = SigningKey::load_or_make(files, kFolder);
        ASSERT_TRUE(io::replace_file(files, stream_folder(kFolder, stream_) + "/trimmed",
                                     build_head({end}, system_clock().now(), **key)));
        EXPECT_FALSE(verify(files, kFolder, head)->intact) << against;
    }
}

TEST_F(Trimming, PlainSegmentsStay) {
    io::MemoryFileSystem files;
    stream_ = write_stream(files, 11);
    EXPECT_EQ(trim(files, 1).error().code, Code::FailedPrecondition);
    expect_intact(files);
}

TEST_F(Trimming, WithoutTheMarkOrWithAForeignOneItIsDamage) {
    io::MemoryFileSystem files;
    write_sealed(files);
    ASSERT_TRUE(trim(files, segments_[1].number));
    const std::string mark = stream_folder(kFolder, stream_) + "/trimmed";
    const auto right = io::read_file(files, mark, 1 << 16);
    ASSERT_TRUE(files.unlink(mark));
    EXPECT_FALSE(verify(files, kFolder)->intact);
    std::string wrong = *right;
    wrong[wrong.find("\"chain\":\"") + 10] ^= 1;
    ASSERT_TRUE(io::replace_file(files, mark, wrong));
    EXPECT_FALSE(verify(files, kFolder)->intact);
    ASSERT_TRUE(io::replace_file(files, mark, *right));
    expect_intact(files);
    ASSERT_TRUE(files.unlink(segments_[2].path));
    EXPECT_FALSE(verify(files, kFolder)->intact) << "more is gone than the mark says";
}

TEST_F(Trimming, InterruptedAnywhereItIsDoneByTheNextCall) {
    std::uint64_t at = 1;
    for (bool finished = false; !finished; ++at) {
        io::FaultyFileSystem files(at);
        write_sealed(files);
        const auto before = scan_all(files, stream_);
        files.die_at(at);
        finished = trim(files, segments_[2].number).has_value();
        if (at % 2 == 0) {
            files.crash();
        } else {
            files.revive();
        }
        expect_intact(files);
        const auto after = scan_all(files, stream_);
        const std::uint64_t rest = segments_[3].header.first_sequence - 1;
        EXPECT_TRUE(after.size() == before.size() || after.size() == before.size() - rest) << after.size();
        ASSERT_TRUE(finish_trimming(files, kFolder, stream_));
        if (after.size() == before.size()) ASSERT_TRUE(trim(files, segments_[2].number));
        for (int i = 0; i < 3; ++i) EXPECT_FALSE(files.exists(segments_[i].path));
        EXPECT_EQ(scan_all(files, stream_).size(), before.size() - rest);
        expect_intact(files);
    }
    EXPECT_GT(at, 10u);
}

}  // namespace
}  // namespace steno::journal
