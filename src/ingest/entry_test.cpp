#include "ingest/entry.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace steno::ingest {
namespace {

TEST(Entry, HeadersOfUnknownFormOrCutShortAreErrors) {
    std::string header;
    append_entry_header(header, journal::Position{Uuid{}, 300});
    ASSERT_TRUE(read_entry_header(header));
    for (std::size_t cut = 0; cut < header.size(); ++cut) {
        EXPECT_FALSE(read_entry_header(std::string_view(header).substr(0, cut))) << cut;
    }
    EXPECT_FALSE(read_entry_header("\x07rest"));
}

}  // namespace
}  // namespace steno::ingest
