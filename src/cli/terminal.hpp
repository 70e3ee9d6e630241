#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What people see: aligned tables, colours where a terminal can show them, progress on standard error.
namespace steno::cli {

/// Standard output is a terminal and NO_COLOR is not set.
bool colours();
enum class Colour { Plain, Dim, Red, Green, Yellow, Cyan, Bold };
std::string paint(std::string_view text, Colour colour);
Colour colour_of_status(std::string_view status);

/// Columns as wide as their widest cell. On a terminal a line fits it if it can: pictures become smaller,
/// then go, ids are cut to what names a call, then texts, the last columns first, and then spare columns go.
/// What goes into a file or a pipe is never cut, and has no pictures. Control characters of what was recorded
/// are shown as '·': an answer must not be able to steer a terminal.
class Table {
  public:
    struct Column {
        std::string head;
        bool right = false;    ///< numbers
        bool shrinks = false;  ///< may be cut to fit
        /// More is not shown, nowhere: of prompts and answers, of which the record has the rest.
        std::size_t most = 0;
        bool money = false;       ///< the points stand below each other
        std::size_t picture = 0;  ///< a bar, at most so wide: each cell is a share as share() writes it
        bool id = false;          ///< its beginning is enough to name the call: may be cut to that
        int spare = 0;            ///< goes where there is no room, the greatest first; a line says so
        std::string over = {};    ///< a head above those of neighbours that have the same

        static Column amount(std::string head) { return {std::move(head), true, false, 0, true, 0}; }
        static Column gist(std::string head) { return {std::move(head), false, true, 80, false, 0}; }
        static Column ids() {
            Column column{"id"};
            column.id = true;
            return column;
        }
        static Column bar(std::size_t most) { return {"", false, false, 0, false, most}; }
        /// The same, as one of several below a common head.
        [[nodiscard]] Column below(std::string common) && {
            over = std::move(common);
            return std::move(*this);
        }
        /// The same, as one that may go, before those of a smaller `order`.
        [[nodiscard]] Column if_room(int order = 1) && {
            spare = order;
            return std::move(*this);
        }
    };
    /// 0 … 1, for a cell of a bar's column.
    static std::string share(double part);

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    void row(std::vector<std::string> cells, std::vector<Colour> colours = {});
    void print() const;
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] std::size_t size() const { return rows_.size(); }

  private:
    struct Row {
        std::vector<std::string> cells;
        std::vector<Colour> colours;
    };
    [[nodiscard]] std::vector<std::string> column(std::size_t index) const;
    void fit(std::vector<std::size_t>& widths) const;
    void print_common_heads(const std::vector<std::size_t>& widths) const;
    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

/// One line, without control characters.
std::string printable(std::string_view text);
/// At most so many characters; what is longer ends with "…".
std::string cut(std::string_view text, std::size_t width);
/// "2 calls", "1 call".
std::string counted(std::string_view number, std::string_view word);
/// What stands where nothing is known.
constexpr const char* kUnknown = "–";
/// "$4.20" from "4.200000000000" (base/money.hpp), printable; what is no amount as it is.
std::string money(std::string_view decimal, std::string_view currency);
/// "12.3 s", "900 ms".
std::string milliseconds(double ms);
/// 1234567 -> "1,234,567".
std::string grouped(std::int64_t number);

/// A line on standard error that is rewritten as work goes on; nothing where that is no terminal.
class Progress {
  public:
    explicit Progress(std::string what) : what_(std::move(what)) {}
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// `total` 0: not known. `note` stands behind: a rate.
    void at(std::uint64_t done, std::uint64_t total, std::string_view note = {});

  private:
    std::string what_;
    std::int64_t shown_ = 0;
    bool any_ = false;
};

}  // namespace steno::cli
