#include "sql/texts.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace steno::sql {
namespace {

constexpr std::string_view kSecret = "the server's, of one query";

store::Row some_positions() {
    store::Row row;
    row.closed_at = {Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057").value(), 4711};
    row.opened_at = store::Position{Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8058").value(), 12};
    return row;
}

TEST(Reference, GivesBackWhatItStandsFor) {
    const store::Row row = some_positions();
    const auto read = parse_reference(kSecret, reference(kSecret, row, store::ViewText::Prompt));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->positions.closed_at, row.closed_at);
    EXPECT_EQ(read->positions.opened_at, row.opened_at);
    EXPECT_EQ(read->text, store::ViewText::Prompt);
}

TEST(Reference, IsNoneWhereAnyPartOfItWasChanged) {
    const std::string good = reference(kSecret, some_positions(), store::ViewText::Answer);
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string forged = good;
        forged[i] = forged[i] == '7' ? '8' : '7';
        EXPECT_FALSE(parse_reference(kSecret, forged)) << i;
    }
    EXPECT_FALSE(parse_reference(kSecret, good + "0"));
    EXPECT_FALSE(parse_reference(kSecret, good.substr(0, good.size() - 1)));
    EXPECT_FALSE(parse_reference(kSecret, ""));
    EXPECT_FALSE(parse_reference("another query's", good));
}

}  // namespace
}  // namespace steno::sql
