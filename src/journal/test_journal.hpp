#pragma once

#include "io/faulty_file_system.hpp"
#include "journal/journal.hpp"
#include "journal/reader.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

/// What the journal's tests share.
namespace steno::journal {

inline const std::string kFolder = "/data";

inline Uuid call_id(std::uint64_t n) {
    Uuid id;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
    return id;
}

inline Entry entry_of(std::string_view header) {
    Entry entry;
    entry.kind = 7;
    entry.header = header;
    return entry;
}

inline std::unique_ptr<Journal> open_journal(io::FileSystem& files, Options options = Options()) {
    auto journal = Journal::open(files, kFolder, std::move(options));
    EXPECT_TRUE(journal) << journal.error().message;
    return journal ? std::move(*journal) : nullptr;
}

inline Position must_append(Journal& journal, const Entry& entry) {
    auto position = journal.append(entry);
    EXPECT_TRUE(position) << position.error().message;
    return position.value_or(Position());
}

/// As the recorder does it: refused while a segment is being replaced, and tried again.
inline Position append_until_taken(Journal& journal, const Entry& entry) {
    for (;;) {
        auto position = journal.append(entry);
        if (position) return *position;
        EXPECT_EQ(position.error().code, Code::Unavailable) << position.error().message;
        if (position.error().code != Code::Unavailable) return {};
        std::this_thread::yield();
    }
}

/// Headers of all readable records, by stream.
inline std::map<Uuid, std::vector<std::string>> read_all(io::FileSystem& files,
                                                         const Journal* live = nullptr) {
    std::map<Uuid, std::vector<std::string>> all;
    auto reader = Reader::open(files, kFolder, live);
    EXPECT_TRUE(reader);
    auto streams = (*reader)->streams();
    EXPECT_TRUE(streams) << streams.error().message;
    if (!streams) return all;
    for (const StreamInfo& stream : *streams) {
        auto cursor = (*reader)->scan(stream.id);
        EXPECT_TRUE(cursor) << cursor.error().message;
        for (;;) {
            auto record = (*cursor)->next();
            EXPECT_TRUE(record) << record.error().message;
            if (!record || !*record) break;
            auto& headers = all[stream.id];
            EXPECT_EQ((*record)->position, (Position{stream.id, headers.size() + 1}));
            headers.emplace_back((*record)->header);
        }
    }
    return all;
}

}  // namespace steno::journal
