#include "cli/terminal.hpp"

#include "base/decimal.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

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

std::size_t terminal_width() {
    winsize size{};
    if (isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 160;
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

void Table::print() const {
    std::vector<std::size_t> widths;
    for (const Column& column : columns_) widths.push_back(utf8_length(column.head));
    for (const Row& row : rows_) {
        for (std::size_t i = 0; i < columns_.size(); ++i)
            widths[i] = std::max(widths[i], utf8_length(row.cells[i]));
    }
    std::size_t total = 2 * (columns_.size() - 1);
    for (const std::size_t width : widths) total += width;
    for (std::size_t i = columns_.size(); i-- > 0;) {
        const std::size_t room = terminal_width();
        if (!columns_[i].shrinks || total <= room) continue;
        const std::size_t smaller = std::max<std::size_t>(12, widths[i] - std::min(widths[i], total - room));
        if (smaller >= widths[i]) continue;
        total -= widths[i] - smaller;
        widths[i] = smaller;
    }
    const auto line = [&](const std::vector<std::string>& cells, auto&& colour_at) {
        std::string text;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const std::string cell = cut(cells[i], widths[i]);
            const std::string gap(widths[i] - utf8_length(cell), ' ');
            const bool last = i + 1 == columns_.size();
            if (columns_[i].right) text += gap;
            text += paint(cell, colour_at(i));
            if (!columns_[i].right && !last) text += gap;
            if (!last) text += "  ";
        }
        fmt::print("{}\n", text);
    };
    std::vector<std::string> heads;
    for (const Column& column : columns_) heads.push_back(column.head);
    line(heads, [](std::size_t) { return Colour::Dim; });
    for (const Row& row : rows_) {
        line(row.cells,
             [&](std::size_t i) { return i < row.colours.size() ? row.colours[i] : Colour::Plain; });
    }
}

std::string counted(std::string_view number, std::string_view word) {
    return fmt::format("{} {}{}", number, word, number == "1" ? "" : "s");
}

std::string money(std::string_view decimal, std::string_view currency) {
    const auto value = Decimal::parse(decimal);
    if (!value) return std::string(decimal);
    const std::string text = value->to_short_string();
    if (currency != "USD") return text + " " + std::string(currency);
    return text.starts_with('-') ? "-$" + text.substr(1) : "$" + text;
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
