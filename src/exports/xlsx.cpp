#include "base/text.hpp"
#include "exports/cell.hpp"
#include "exports/format.hpp"
#include "exports/output.hpp"
#include "exports/zip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

// Excel's workbook: Office Open XML (ECMA-376, part 1, SpreadsheetML), written as it goes: no cell is held
// longer than its row. Texts stand in their cells (inlineStr) and not in a shared table, which would have to
// be held.
//
// A text is a text here, whatever it begins with: formulas have an element of their own, so nothing needs a
// mark.
namespace steno::exports {

namespace {

constexpr std::size_t kMostCharacters = 32'767;  ///< of a cell; UTF-16 units
constexpr int kMostDigits = 15;                  ///< of a number
constexpr std::uint64_t kSheetBytes = Zip::kMost - (64u << 20);

/// Indices of cellXfs below.
enum Style : int { kPlain = 0, kHead = 1, kMoment = 2, kMoney = 3 };

constexpr std::string_view kXml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
constexpr std::string_view kStyles =
    R"(<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">)"
    R"(<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss.000"/>)"
    R"(<numFmt numFmtId="165" formatCode="0.00##########"/></numFmts>)"
    R"(<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>)"
    R"(<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>)"
    R"(<fills count="2"><fill><patternFill patternType="none"/></fill>)"
    R"(<fill><patternFill patternType="gray125"/></fill></fills>)"
    R"(<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>)"
    R"(<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>)"
    R"(<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>)"
    R"(<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>)"
    R"(<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>)"
    R"(<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>)"
    R"(<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>)";

/// "A" … "XFD".
std::string column_letters(std::size_t index) {
    std::string letters;
    for (++index; index > 0; index = (index - 1) / 26)
        letters.insert(letters.begin(), static_cast<char>('A' + (index - 1) % 26));
    return letters;
}

/// As many bytes as hold `most` UTF-16 units; all of them, if the text has no more.
std::size_t bytes_of_units(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text.size();
    std::size_t units = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t length = std::max<std::size_t>(1, utf8_sequence_length(text.substr(at)));
        units += length == 4 ? 2 : 1;
        if (units > most) return at;
        at += length;
    }
    return at;
}

bool is_escape(std::string_view text) {  // "_x000D_"
    const auto hex = [](char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'); };
    return text.size() >= 7 && text[0] == '_' && text[1] == 'x' && text[6] == '_' &&
           std::all_of(text.begin() + 2, text.begin() + 6, hex);
}

/// XML text. What XML 1.0 cannot hold, and carriage returns, which its readers change, are written "_xHHHH_",
/// as ST_Xstring (part 1, 22.9.2.19) says; a text that looks so gets its first character written so.
void append_xml(std::string& out, std::string_view text) {
    std::size_t clean = 0;
    const auto instead = [&](std::size_t at, std::size_t length, std::string_view what) {
        out += text.substr(clean, at - clean);
        out += what;
        clean = at + length;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x80) {
            const std::size_t length = utf8_sequence_length(text.substr(at));
            if (length == 0) {
                instead(at, 1, "\xef\xbf\xbd");
            } else if (const auto sequence = text.substr(at, length); sequence == "\xef\xbf\xbe") {
                instead(at, length, "_xFFFE_");
            } else if (sequence == "\xef\xbf\xbf") {
                instead(at, length, "_xFFFF_");
            }
            at += std::max<std::size_t>(1, length) - 1;
        } else if (c < 0x20 && c != '\n' && c != '\t') {
            instead(at, 1, fmt::format("_x{:04X}_", c));
        } else if (c == '&') {
            instead(at, 1, "&amp;");
        } else if (c == '<') {
            instead(at, 1, "&lt;");
        } else if (c == '>') {
            instead(at, 1, "&gt;");
        } else if (c == '"') {
            instead(at, 1, "&quot;");
        } else if (c == '_' && is_escape(text.substr(at))) {
            instead(at, 1, "_x005F_");
        }
    }
    out += text.substr(clean);
}

int digits_of(std::string_view number) {
    std::string digits;
    for (const char c : number)
        if (c >= '0' && c <= '9') digits += c;
    const std::size_t first = digits.find_first_not_of('0');
    return first == std::string::npos ? 0 : static_cast<int>(digits.find_last_not_of('0') - first) + 1;
}

class Workbook {
  public:
    Workbook(Rows& rows, Output& output, const Options& options)
        : rows_(rows), output_(output), zip_(output), sheet_rows_(std::max(2U, options.sheet_rows)) {
        for (std::size_t i = 0; i < rows.columns().size(); ++i) letters_.push_back(column_letters(i));
    }

    Result<Outcome> write() {
        if (letters_.size() > 16'384)
            return fail(Code::InvalidArgument, "a sheet of Excel has at most 16,384 columns");
        STENO_TRY(begin_sheet());
        for (;;) {
            STENO_ASSIGN(const auto row, rows_.next());
            if (row.empty()) break;
            if (row_ == sheet_rows_ || zip_.entry_size() > kSheetBytes) {
                STENO_TRY(end_sheet());
                STENO_TRY(begin_sheet());
            }
            ++outcome_.rows;
            begin_row();
            for (std::size_t i = 0; i < row.size(); ++i) append(i, row[i]);
            STENO_TRY(end_row());
        }
        STENO_TRY(end_sheet());
        STENO_TRY(add_parts());
        STENO_TRY(zip_.finish());
        STENO_TRY(output_.finish());
        outcome_.bytes = output_.size();
        return outcome_;
    }

  private:
    Result<void> begin_sheet() {
        STENO_TRY(zip_.begin(fmt::format("xl/worksheets/sheet{}.xml", ++outcome_.sheets)));
        text_ = kXml;
        text_ += R"(<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">)"
                 R"(<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" )"
                 R"(activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>)"
                 R"(<sheetFormatPr defaultRowHeight="15"/><cols>)";
        for (std::size_t i = 0; i < letters_.size(); ++i) {
            const Column& column = rows_.columns()[i];
            const bool moment = column.type == FieldType::Timestamp;
            text_ += fmt::format(R"(<col min="{0}" max="{0}" width="{1}" customWidth="1"/>)", i + 1,
                                 std::clamp<std::size_t>(column.name.size() + 2, moment ? 24 : 10, 40));
        }
        text_ += "</cols><sheetData>";
        row_ = 0;
        begin_row();
        for (std::size_t i = 0; i < letters_.size(); ++i) append_string(i, rows_.columns()[i].name, kHead);
        return end_row();
    }

    Result<void> end_sheet() {
        STENO_TRY(zip_.write("</sheetData></worksheet>"));
        return zip_.end();
    }

    void begin_row() { text_ += fmt::format("<row r=\"{}\">", ++row_); }

    Result<void> end_row() {
        text_ += "</row>";
        const auto written = zip_.write(text_);
        text_.clear();
        return written;
    }

    void begin_cell(std::size_t column, int style, std::string_view type) {
        char digits[12];
        text_ += "<c r=\"";
        text_ += letters_[column];
        text_.append(digits, std::to_chars(digits, digits + sizeof digits, row_).ptr);
        if (style != kPlain) {
            text_ += "\" s=\"";
            text_ += static_cast<char>('0' + style);
        }
        if (!type.empty()) {
            text_ += "\" t=\"";
            text_ += type;
        }
        text_ += "\">";
    }

    void append_string(std::size_t column, std::string_view text, int style = kPlain) {
        begin_cell(column, style, "inlineStr");
        text_ += "<is><t xml:space=\"preserve\">";
        if (bytes_of_units(text, kMostCharacters) == text.size()) {
            append_xml(text_, text);
        } else {
            const std::string word = fmt::format(" … [cut: {} characters]", utf8_length(text));
            append_xml(text_, text.substr(0, bytes_of_units(text, kMostCharacters - word.size())));
            text_ += word;
            ++outcome_.cut_texts;
        }
        text_ += "</t></is></c>";
    }

    void append_number(std::size_t column, std::string_view number, int style = kPlain) {
        if (number.size() > kMostDigits && digits_of(number) > kMostDigits) ++outcome_.rounded_numbers;
        begin_cell(column, style, "");
        text_ += "<v>";
        text_ += number;
        text_ += "</v></c>";
    }

    /// Days since 1899-12-30 in UTC, to the microsecond.
    void append_moment(std::size_t column, const Timestamp& moment) {
        constexpr std::int64_t kDay = 86'400'000'000'000;
        std::int64_t day = moment.unix_nanos / kDay;
        std::int64_t rest = moment.unix_nanos % kDay;
        if (rest < 0) rest += kDay, --day;
        const double part = static_cast<double>(rest) / static_cast<double>(kDay);
        begin_cell(column, kMoment, "");
        text_ += fmt::format("<v>{:.11f}</v></c>", static_cast<double>(day + 25'569) + part);
    }

    void append(std::size_t column, const FieldValue& cell) {
        if (std::holds_alternative<std::monostate>(cell)) return;
        if (const auto* text = std::get_if<std::string_view>(&cell)) return append_string(column, *text);
        if (const auto* moment = std::get_if<Timestamp>(&cell)) return append_moment(column, *moment);
        if (const auto* money = std::get_if<Decimal>(&cell))
            return append_number(column, money->to_short_string(), kMoney);
        if (const auto* truth = std::get_if<bool>(&cell)) {
            begin_cell(column, kPlain, "b");
            text_ += *truth ? "<v>1</v></c>" : "<v>0</v></c>";
            return;
        }
        if (const auto* number = std::get_if<double>(&cell); number != nullptr && !std::isfinite(*number))
            return;
        scratch_.clear();
        append_text(scratch_, cell);
        const bool number = std::holds_alternative<std::int64_t>(cell) ||
                            std::holds_alternative<double>(cell) || std::holds_alternative<Duration>(cell);
        number ? append_number(column, scratch_) : append_string(column, scratch_);
    }

    Result<void> add_parts() {
        constexpr std::string_view kRelations =
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        constexpr std::string_view kPackage = "http://schemas.openxmlformats.org/package/2006";
        constexpr std::string_view kSheetml = "application/vnd.openxmlformats-officedocument.spreadsheetml";
        std::string sheets;
        std::string relations;
        std::string types;
        for (std::uint64_t i = 1; i <= outcome_.sheets; ++i) {
            const std::string name = i == 1 ? "rows" : fmt::format("rows {}", i);
            sheets += fmt::format(R"(<sheet name="{}" sheetId="{}" r:id="rId{}"/>)", name, i, i);
            relations += fmt::format(
                R"(<Relationship Id="rId{0}" Type="{1}/worksheet" Target="worksheets/sheet{0}.xml"/>)", i,
                kRelations);
            types += fmt::format(
                R"(<Override PartName="/xl/worksheets/sheet{}.xml" ContentType="{}.worksheet+xml"/>)", i,
                kSheetml);
        }
        const std::string xml(kXml);
        STENO_TRY(zip_.add(
            "xl/workbook.xml",
            xml +
                fmt::format(
                    R"(<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{}"><sheets>{}</sheets></workbook>)",
                    kRelations, sheets)));
        STENO_TRY(zip_.add(
            "xl/_rels/workbook.xml.rels",
            xml +
                fmt::format(
                    R"(<Relationships xmlns="{}/relationships">{}<Relationship Id="rId{}" Type="{}/styles" Target="styles.xml"/></Relationships>)",
                    kPackage, relations, outcome_.sheets + 1, kRelations)));
        STENO_TRY(zip_.add("xl/styles.xml", xml + std::string(kStyles)));
        STENO_TRY(zip_.add(
            "_rels/.rels",
            xml +
                fmt::format(
                    R"(<Relationships xmlns="{}/relationships"><Relationship Id="rId1" Type="{}/officeDocument" Target="xl/workbook.xml"/></Relationships>)",
                    kPackage, kRelations)));
        return zip_.add(
            "[Content_Types].xml",
            xml +
                fmt::format(
                    R"(<Types xmlns="{}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{}.sheet.main+xml"/>{}<Override PartName="/xl/styles.xml" ContentType="{}.styles+xml"/></Types>)",
                    kPackage, kSheetml, types, kSheetml));
    }

    Rows& rows_;
    Output& output_;
    Zip zip_;
    std::uint32_t sheet_rows_;
    std::uint32_t row_ = 0;  ///< of the sheet, from 1
    Outcome outcome_;
    std::vector<std::string> letters_;
    std::string text_;  ///< of the sheet, not yet written
    std::string scratch_;
};

}  // namespace

Result<Outcome> write_xlsx(const Format&, Rows& rows, const std::string& path, const Options& options) {
    STENO_ASSIGN(Output output, Output::open(path));
    return Workbook(rows, output, options).write();
}

}  // namespace steno::exports
