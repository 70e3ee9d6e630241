#include "exports/format.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// exports_sample FILE ROWS [SHEET_ROWS [ROW_THAT_FAILS]]: a table with a column of every type and the values
// that break writers, as the format that the file's name says. For test_formats.py, which reads the files
// with other programs.
namespace {

using namespace steno;

const std::array<std::string_view, 30> kTexts = {"plain",
                                                 "=1+1",
                                                 "+49 30 1234",
                                                 "-5",
                                                 "@SUM(A1)",
                                                 "'quoted",
                                                 "''",
                                                 "\ttab",
                                                 "\rreturn",
                                                 "\nline",
                                                 "\xef\xbc\x9d"
                                                 "1+1",
                                                 "a,b;\"c\"\r\nd",
                                                 "NaN",
                                                 "null",
                                                 "None",
                                                 "TRUE",
                                                 "1e5",
                                                 "007",
                                                 "2026-11-20",
                                                 " spaces ",
                                                 "\xf0\x9f\x98\x80 \xc3\xa9\xe2\x80\xa8",
                                                 "<&>\"]]>",
                                                 "_x000D_ and _x_",
                                                 std::string_view("nul\0nul", 7),
                                                 "\x01\x1f\x7f\x1b[31m",
                                                 "\xef\xbf\xbe\xef\xbf\xbf",
                                                 "line\rend\r\n",
                                                 "\"",
                                                 ",",
                                                 "cell\tcell"};
const std::array<std::int64_t, 7> kIntegers = {
    0, -1, 42, 1'000'000'007, INT64_MAX, INT64_MIN, 9'007'199'254'740'993};
const std::array<std::string_view, 7> kMoney = {
    "0", "0.000000000001", "-0.000000000001", "12.5", "-999999999999999.999999999999", "1e15", "0.1"};
const std::array<double, 7> kNumbers = {0.1, -0.0, 1e300, 5e-324, 123456.789, 1.0 / 3, -2.5};
const std::array<std::int64_t, 6> kMoments = {0,
                                              1'763'600'000'123'456'789,
                                              951'782'400'000'000'000,
                                              1'709'208'000'000'000'001,
                                              4'102'444'799'999'999'999,
                                              9'000'000'000'000'000'000};

class SampleRows final : public exports::Rows {
  public:
    SampleRows(std::uint64_t count, std::uint64_t failing) : count_(count), failing_(failing) {}

    std::span<const exports::Column> columns() const override {
        static const std::array<exports::Column, 13> kColumns = {{{"n", FieldType::Integer},
                                                                  {"a text", FieldType::Text},
                                                                  {"=integer", FieldType::Integer},
                                                                  {"money", FieldType::Decimal},
                                                                  {"number", FieldType::Number},
                                                                  {"moment", FieldType::Timestamp},
                                                                  {"duration", FieldType::Duration},
                                                                  {"truth", FieldType::Boolean},
                                                                  {"id", FieldType::Uuid},
                                                                  {"texts", FieldType::TextList},
                                                                  {"attributes", FieldType::Attributes},
                                                                  {"counts", FieldType::Counts},
                                                                  {"durations", FieldType::Durations}}};
        return kColumns;
    }

    Result<std::span<const FieldValue>> next() override {
        if (at_ == failing_) return fail(Code::Unavailable, "the source has gone");
        if (at_ == count_) return std::span<const FieldValue>{};
        const std::uint64_t n = at_++;
        const auto pick = [n](const auto& from) { return from[n % from.size()]; };
        row_ = {};
        row_[0] = static_cast<std::int64_t>(n);
        if (n % 31 == 30) return std::span<const FieldValue>(row_);  // nothing else is there
        text_ = n % 97 == 96 ? std::string(40'000, 'x') + "\xf0\x9f\x98\x80" : std::string(pick(kTexts));
        row_[1] = std::string_view(text_);
        row_[2] = pick(kIntegers);
        row_[3] = *Decimal::parse(pick(kMoney));
        row_[4] = pick(kNumbers);
        row_[5] = Timestamp{pick(kMoments), static_cast<std::int16_t>(n % 2 == 0 ? 0 : -90)};
        row_[6] = Duration{static_cast<std::int64_t>(n * n * 1001)};
        row_[7] = n % 2 == 0;
        row_[8] = Uuid::named(*Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), fmt::format("{}", n));
        texts_ = {text_, "b,\"c\""};
        row_[9] = &std::as_const(texts_);
        attributes_ = {{"text", text_}, {"number", pick(kNumbers)}, {"=truth", true}};
        row_[10] = &std::as_const(attributes_);
        counts_ = {{"a", pick(kIntegers)}, {"b c", 2}};
        row_[11] = &std::as_const(counts_);
        durations_ = {{"first", Duration{1'500'000}}, {"second", Duration{static_cast<std::int64_t>(n)}}};
        row_[12] = &std::as_const(durations_);
        return std::span<const FieldValue>(row_);
    }

  private:
    std::uint64_t count_;
    std::uint64_t failing_;
    std::uint64_t at_ = 0;
    std::array<FieldValue, 13> row_;
    std::string text_;
    std::vector<std::string> texts_;
    std::map<std::string, AttributeValue> attributes_;
    std::map<std::string, std::int64_t> counts_;
    std::map<std::string, Duration> durations_;
};

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    SampleRows rows(number(argv[2]), argc > 4 ? number(argv[4]) : UINT64_MAX);
    exports::Options options;
    if (argc > 3 && number(argv[3]) > 0) options.sheet_rows = static_cast<std::uint32_t>(number(argv[3]));
    const auto format = exports::format_of_file(argv[1]);
    if (!format) return 2;
    const auto written = exports::write_table(rows, **format, argv[1], options);
    if (!written) {
        fmt::print(stderr, "{}\n", written.error().message);
        return 1;
    }
    fmt::print("{} {} {} {} {}\n", written->rows, written->bytes, written->sheets, written->cut_texts,
               written->rounded_numbers);
    return 0;
}
