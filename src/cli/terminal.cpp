#include "cli/terminal.hpp"

#include "base/decimal.hpp"
#include "base/money.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace steno::cli {

bool colours() {
    static const bool can = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    return can;
}

std::string paint(std::string_view text, Colour colour) {
    static constexpr std::string_view kCodes[] = {"",         "\033[2m",  "\033[31m", "\033[32m",
                                                  "\033[33m", "\033[36m", "\033[1m"};
    if (colour == Colour::Plain || !colours()) return std::string(text);
    return fmt::format("{}{}\033[0m", kCodes[static_cast<std::size_t>(colour)], text);
}

Colour colour_of_status(std::string_view status) {
    if (status == "success") return Colour::Green;
    if (status == "failure") return Colour::Red;
    if (status == "running") return Colour::Cyan;
    return Colour::Yellow;
}

namespace {

/// Of U+2000 … U+207F, by the second and third byte.
bool hides(char second, unsigned char third) {
    if (second == '\x80') return (third >= 0x8b && third <= 0x8f) || (third >= 0xaa && third <= 0xae);
    return third >= 0xa6 && third <= 0xa9;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string line;
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        const auto first = static_cast<unsigned char>(text[0]);
        const bool c1_control = length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
        // What is invisible or turns the order of what follows: U+200B-200F, U+202A-202E, U+2066-2069.
        const bool hidden = length == 3 && (text.starts_with("\xe2\x80") || text.starts_with("\xe2\x81")) &&
                            hides(text[1], static_cast<unsigned char>(text[2]));
        if (first == '\n' || first == '\t' || first == '\r') {
            if (!line.empty() && line.back() != ' ') line += ' ';
        } else if (length == 0 || first < 0x20 || first == 0x7f || c1_control || hidden) {
            line += "·";
        } else {
            line += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return line;
}

namespace {

constexpr std::size_t kShortId = 18;  ///< of a UUID: its millisecond, and 12 bits more

/// Of standard output; a file or a pipe has as many columns as it takes.
std::size_t room() {
    winsize size{};
    if (isatty(STDOUT_FILENO) == 0) return std::numeric_limits<std::size_t>::max();
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 160;
}

/// "$4" and "20 + 2 unpriced" of "$4.20 + 2 unpriced".
std::pair<std::string_view, std::string_view> at_point(std::string_view amount) {
    const std::size_t digit = amount.find_first_of("0123456789");
    if (digit == amount.npos) return {amount, {}};
    const std::size_t end = std::min(amount.find_first_not_of("0123456789,", digit), amount.size());
    return {amount.substr(0, end), amount.substr(end)};
}

/// Blanks on both sides, so that the points of all stand below each other.
void align_points(std::vector<std::string>& amounts) {
    std::size_t before = 0, behind = 0;
    for (const std::string& amount : amounts) {
        const auto [left, right] = at_point(amount);
        before = std::max(before, utf8_length(left));
        behind = std::max(behind, utf8_length(right));
    }
    for (std::string& amount : amounts) {
        const auto [left, right] = at_point(amount);
        amount = std::string(before - utf8_length(left), ' ')
                     .append(left)
                     .append(right)
                     .append(behind - utf8_length(right), ' ');
    }
}

}  // namespace

std::string cut(std::string_view text, std::size_t width) {
    if (utf8_length(text) <= width) return std::string(text);
    std::string result;
    for (std::size_t i = 0; i + 1 < width && !text.empty(); ++i) {
        const std::size_t length = std::max<std::size_t>(1, utf8_sequence_length(text));
        result += text.substr(0, length);
        text.remove_prefix(length);
    }
    return result + "…";
}

void Table::row(std::vector<std::string> cells, std::vector<Colour> colours) {
    for (std::string& cell : cells) cell = printable(cell);
    rows_.push_back({std::move(cells), std::move(colours)});
}

std::string Table::share(double part) {
    return fmt::format("{:.4f}", part);
}

std::vector<std::string> Table::column(std::size_t index) const {
    const Column& column = columns_[index];
    std::vector<std::string> cells;
    for (const Row& row : rows_)
        cells.push_back(column.most > 0 ? cut(row.cells[index], column.most) : row.cells[index]);
    if (column.money) align_points(cells);
    return cells;
}

/// A column without width is left out.
void Table::fit(std::vector<std::size_t>& widths) const {
    const std::size_t most = room();
    const auto total = [&] {
        std::size_t sum = 0;
        for (const std::size_t width : widths) sum += width == 0 ? 0 : width + 2;
        return sum - std::min<std::size_t>(sum, 2);
    };
    const auto shrink = [&](std::size_t i, std::size_t least) {
        const std::size_t over = total() - std::min(total(), most);
        widths[i] = std::min(widths[i], std::max(least, widths[i] - std::min(widths[i], over)));
    };
    constexpr std::size_t kSmallestBar = 6, kShortText = 24, kShortestText = 12;
    constexpr int kBeforeTexts = 3;
    for (std::size_t i = columns_.size(); i-- > 0;) {
        if (columns_[i].picture == 0) continue;
        shrink(i, kSmallestBar);
        if (total() > most) widths[i] = 0;
    }
    for (std::size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].id && total() > most) widths[i] = std::min(widths[i], kShortId);
    const auto shrink_texts = [&](std::size_t least) {
        for (std::size_t i = columns_.size(); i-- > 0;)
            if (columns_[i].shrinks) shrink(i, least);
    };
    // The next column that is to go, of those of at least this order.
    const auto let_go = [&](int least) {
        std::size_t next = columns_.size();
        for (std::size_t i = columns_.size(); i-- > 0;)
            if (columns_[i].spare >= least && widths[i] > 0 &&
                (next == columns_.size() || columns_[i].spare > columns_[next].spare))
                next = i;
        if (next == columns_.size()) return false;
        widths[next] = 0;
        for (std::size_t i = 0; i < columns_.size(); ++i)  // half of what is compared says nothing
            if (columns_[i].spare > 0 && !columns_[i].over.empty() && columns_[i].over == columns_[next].over)
                widths[i] = 0;
        return true;
    };
    shrink_texts(kShortText);
    while (total() > most && let_go(kBeforeTexts)) {
    }
    shrink_texts(kShortestText);
    while (total() > most && let_go(1)) {
    }
}

void Table::print_common_heads(const std::vector<std::size_t>& widths) const {
    if (std::ranges::all_of(columns_, [](const Column& column) { return column.over.empty(); })) return;
    std::string text;
    std::size_t at = 0;  // the columns of the terminal that are full
    for (std::size_t i = 0; i < columns_.size();) {
        const std::string& head = columns_[i].over;
        std::size_t span = 0;
        do {
            if (widths[i] > 0) span += widths[i] + (span > 0 ? 2 : 0);
            ++i;
        } while (!head.empty() && i < columns_.size() && columns_[i].over == head);
        if (span == 0) continue;
        if (!head.empty()) {
            const std::string shown = cut(head, span);
            text.append(at + span - utf8_length(shown) - utf8_length(text), ' ');
            text += shown;
        }
        at += span + 2;
    }
    fmt::print("{}\n", paint(text, Colour::Dim));
}

void Table::print() const {
    std::vector<std::vector<std::string>> cells;
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        cells.push_back(column(i));
        std::size_t width = utf8_length(columns_[i].head);
        for (const std::string& cell : cells.back()) width = std::max(width, utf8_length(cell));
        const bool is_bar = columns_[i].picture > 0;
        const bool drawn =
            charts() && std::ranges::any_of(cells.back(), [](const auto& c) { return c != ""; });
        widths.push_back(!is_bar ? width : drawn ? columns_[i].picture : 0);
    }
    fit(widths);
    for (std::size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].picture > 0 && widths[i] > 0)
            for (std::string& cell : cells[i])
                if (!cell.empty()) cell = bar(std::strtod(cell.c_str(), nullptr), widths[i]);
    const auto line = [&](auto&& cell_at, auto&& colour_at) {
        std::string text, blanks;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (widths[i] == 0) continue;
            const std::string whole = cell_at(i);
            const std::string cell = columns_[i].id ? whole.substr(0, widths[i]) : cut(whole, widths[i]);
            const std::string gap(widths[i] - utf8_length(cell), ' ');
            // Blanks wait for something to stand in front of.
            const std::size_t end = cell.find_last_not_of(' ') + 1;
            if (columns_[i].right) blanks += gap;
            if (end > 0) {
                text += blanks + paint(std::string_view(cell).substr(0, end), colour_at(i));
                blanks.clear();
            }
            blanks.append(cell.size() - end, ' ');
            if (!columns_[i].right) blanks += gap;
            blanks += "  ";
        }
        fmt::print("{}\n", text);
    };
    print_common_heads(widths);
    line([&](std::size_t i) { return columns_[i].head; }, [](std::size_t) { return Colour::Dim; });
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        const std::vector<Colour>& colours = rows_[r].colours;
        line([&](std::size_t i) { return cells[i][r]; },
             [&](std::size_t i) { return i < colours.size() ? colours[i] : Colour::Plain; });
    }
    std::string gone;
    for (std::size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].spare > 0 && widths[i] == 0)
            gone += (gone.empty() ? "" : ", ") + (columns_[i].over.empty() ? "" : columns_[i].over + " ") +
                    columns_[i].head;
    if (!gone.empty())
        fmt::print("{}\n", paint(cut("(no room here for: " + gone + ")", room()), Colour::Dim));
}

std::string counted(std::string_view number, std::string_view word) {
    return fmt::format("{} {}{}", number, word, number == "1" ? "" : "s");
}

std::string money(std::string_view decimal, std::string_view currency) {
    const auto value = Decimal::parse(decimal);
    if (!value) return printable(decimal);
    return money_text(*value, printable(currency));
}

std::string milliseconds(double ms) {
    if (ms >= 10'000) return fmt::format("{:.1f} s", ms / 1000);
    if (ms >= 100) return fmt::format("{:.0f} ms", ms);
    return fmt::format("{:.1f} ms", ms);
}

std::string grouped(std::int64_t number) {
    std::string digits = std::to_string(number < 0 ? -number : number);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return (number < 0 ? "-" : "") + digits;
}

void Progress::at(std::uint64_t done, std::uint64_t total, std::string_view note) {
    if (isatty(STDERR_FILENO) == 0) return;
    const std::int64_t now = system_clock().steady_nanos();
    if (any_ && now - shown_ < 100'000'000) return;
    shown_ = now;
    any_ = true;
    if (total == 0) {
        fmt::print(stderr, "\r{}: {} {}\033[K", what_, grouped(static_cast<std::int64_t>(done)), note);
        return;
    }
    const std::size_t filled = static_cast<std::size_t>(30 * std::min(done, total) / total);
    fmt::print(stderr, "\r{} [{}{}] {:3}% {}\033[K", what_, std::string(filled, '='),
               std::string(30 - filled, ' '), 100 * std::min(done, total) / total, note);
}

Progress::~Progress() {
    if (any_) fmt::print(stderr, "\r\033[K");
}

}  // namespace steno::cli
