#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// A report as what it says, not how it looks: made once, rendered as HTML or PDF. All texts are plain UTF-8;
/// the renderers escape them.
namespace steno::report {

struct Heading {
    std::string text;
};
struct Paragraph {
    std::string text;
    bool quiet = false;  ///< a remark
};

/// The few numbers that stand large at the top.
struct Headline {
    struct Figure {
        std::string label, value, note;
    };
    std::vector<Figure> figures;
};

/// A column for each value, in order.
struct Columns {
    struct Column {
        std::string label;             ///< below it; not each fits
        std::optional<double> value;   ///< absent: nothing is known
        bool expected = false;         ///< a forecast: drawn lighter
        std::optional<double> beyond;  ///< drawn lighter up to here, on top of the value
        bool marked = false;           ///< stands out
    };
    std::string says;  ///< what the picture shows, in words, for those who do not see it
    std::vector<Column> columns;
    std::vector<std::pair<double, std::string>> scale;  ///< heights with a line, and their names
};

struct Table {
    struct Column {
        std::string head;
        bool right = false;  ///< numbers
        bool wide = false;   ///< takes what the others leave; cut where it does not fit
        bool bar = false;    ///< cells are shares "0.25", drawn as bars
    };
    std::vector<Column> columns;
    std::vector<std::vector<std::string>> rows;
};

using Block = std::variant<Heading, Paragraph, Headline, Columns, Table>;

struct Document {
    std::string title, subtitle;
    std::string made_at;  ///< RFC 3339
    std::vector<Block> blocks;
};

}  // namespace steno::report
