#include "store/duckdb/batch.hpp"

#include "base/random.hpp"
#include "store/duckdb/connection.hpp"

#include <gtest/gtest.h>

#include <array>

namespace steno::store::duckdb {
namespace {

constexpr std::array kTypes = {FieldType::Integer,   FieldType::Number,  FieldType::Boolean,
                               FieldType::Timestamp, FieldType::Decimal, FieldType::Uuid,
                               FieldType::Text,      FieldType::Json};

std::string some_rows(Connection& connection) {
    auto answer = connection.run(
        "SELECT CASE WHEN i % 3 > 0 THEN i END, i / 7, i % 2 = 0, make_timestamp(i * 1000001), CAST(i * 1.5 "
        "AS "
        "DECIMAL(38,12)), CAST(lpad(CAST(i AS VARCHAR), 32, '0') AS UUID), CASE WHEN i % 5 > 0 THEN "
        "repeat('é', i % "
        "40) END, CAST('[' || i || ']' AS JSON) FROM range(100) t(i)");
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    const Chunk chunk = answer->next();
    BatchWriter writer(100);
    for (std::size_t i = 0; i < kTypes.size(); ++i)
        writer.add(kTypes[i], duckdb_data_chunk_get_vector(chunk.get(), i));
    return writer.take();
}

TEST(Batch, GivesBackWhatWasWritten) {
    const auto database = Database::in_memory({});
    ASSERT_TRUE(database) << database.error().message;
    auto connection = Connection::open(*database);
    const std::string bytes = some_rows(*connection);
    const auto rows = BatchReader::of(bytes, kTypes);
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->rows(), 100U);
    for (std::int64_t i = 0; i < 100; ++i) {
        const auto at = [&](std::size_t column) { return rows->cell(column, static_cast<std::size_t>(i)); };
        EXPECT_EQ(at(0), i % 3 > 0 ? FieldValue(i) : FieldValue());
        EXPECT_EQ(at(1), FieldValue(static_cast<double>(i) / 7));
        EXPECT_EQ(at(2), FieldValue(i % 2 == 0));
        EXPECT_EQ(at(3), FieldValue(Timestamp{i * 1'000'001'000, 0}));
        EXPECT_EQ(at(4), FieldValue(Decimal::from_units(__int128{i} * 1'500'000'000'000)));
        const std::string digits = std::to_string(i);
        EXPECT_EQ(std::get<Uuid>(at(5)).to_string(),
                  "00000000-0000-0000-0000-" + std::string(12 - digits.size(), '0') + digits);
        std::string text;
        for (std::int64_t n = 0; n < i % 40; ++n) text += "é";
        EXPECT_EQ(at(6), i % 5 > 0 ? FieldValue(std::string_view(text)) : FieldValue());
        EXPECT_EQ(std::get<std::string_view>(at(7)), "[" + digits + "]");
    }
}

TEST(Batch, MissingCellsOfOurOwnMaking) {
    const std::vector<std::optional<std::string>> texts = {"a", std::nullopt, ""};
    const std::vector<std::optional<std::int64_t>> numbers = {std::nullopt, 7, -7};
    BatchWriter writer(3);
    writer.add(texts);
    writer.add(numbers);
    const std::string bytes = writer.take();
    const std::array types = {FieldType::Text, FieldType::Integer};
    const auto rows = BatchReader::of(bytes, types);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->cell(0, 0), FieldValue(std::string_view("a")));
    EXPECT_EQ(rows->cell(0, 1), FieldValue());
    EXPECT_EQ(rows->cell(0, 2), FieldValue(std::string_view()));
    EXPECT_EQ(rows->cell(1, 0), FieldValue());
    EXPECT_EQ(rows->cell(1, 2), FieldValue(std::int64_t{-7}));
}

TEST(Batch, NoBytesDoHarm) {
    const auto database = Database::in_memory({});
    auto connection = Connection::open(*database);
    const std::string whole = some_rows(*connection);
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_FALSE(BatchReader::of(std::string_view(whole).substr(0, length), kTypes));
    EXPECT_FALSE(BatchReader::of(whole + "x", kTypes));
    SeededRandom random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = whole;
        for (int i = 0; i < 4; ++i)
            bytes[random.next_u64() % (round % 2 == 0 ? 16 : bytes.size())] =
                static_cast<char>(random.next_u64());
        const auto rows = BatchReader::of(bytes, kTypes);
        if (!rows) continue;
        for (std::size_t column = 0; column < kTypes.size(); ++column)
            for (std::size_t row = 0; row < rows->rows(); row += 9) (void)rows->cell(column, row);
    }
}

}  // namespace
}  // namespace steno::store::duckdb
