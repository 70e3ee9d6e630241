#pragma once

// Private to reader.cpp and stream_cursor.cpp.

#include "journal/folder_reader.hpp"

namespace steno::journal {

/// Reader::scan: the records of one stream, one behind another. The reader must outlive it.
class StreamCursor final : public Cursor {
  public:
    StreamCursor(FolderReader& reader, std::shared_ptr<Stream> stream, std::uint64_t from)
        : reader_(reader), stream_(std::move(stream)), due_(from) {}

    Result<std::optional<Record>> next() override;
    Result<bool> skip_damage() override;
    std::uint64_t sequence() const override { return due_; }
    bool grows() const override { return !reader_.has_ended(*stream_); }

  private:
    /// In a sealed segment, damage ends with its block; in a plain one, where a record can be proven.
    Result<bool> skip_within_segment();
    Result<void> open_segment();

    FolderReader& reader_;
    std::shared_ptr<Stream> stream_;
    std::uint64_t due_;
    SegmentPtr segment_;
    std::uint64_t segment_end_ = 0;
    std::shared_ptr<io::File> file_;
    std::optional<SegmentScanner> scanner_;
    BlockCache cache_{128ULL << 20};  ///< of decompressed blocks: for a row of records
};

}  // namespace steno::journal
