#include "cli/experiment_result.hpp"

#include "cli/amount.hpp"
#include "cli/answer.hpp"
#include "cli/call_view.hpp"
#include "cli/chart.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kBarWidth = 33;
constexpr std::size_t kMostPoints = 14;  ///< of the course that are shown

std::vector<dom::element> rows(dom::element value, const char* member) {
    dom::array array;
    if (value[member].get(array) != simdjson::SUCCESS) return {};
    return {array.begin(), array.end()};
}

std::string count_of(dom::element value, const char* pointer) {
    return grouped(static_cast<std::int64_t>(number_at(value, pointer)));
}

Colour colour_of(std::string_view finding) {
    return finding == "better"       ? Colour::Green
           : finding == "worse"      ? Colour::Red
           : finding == "negligible" ? Colour::Plain
                                     : Colour::Dim;
}

/// The line on which several intervals are drawn: all of them, and 0, fit.
struct Line {
    double least = 0, most = 0;

    void hold(dom::element interval) {
        least = std::min(least, number_at(interval, "/interval/0"));
        most = std::max(most, number_at(interval, "/interval/1"));
    }
    [[nodiscard]] std::string draw(dom::element told, std::size_t width) const {
        return interval_bar(number_at(told, "/interval/0"), number_at(told, "/difference"),
                            number_at(told, "/interval/1"), least, most, width);
    }
};

std::string interval_of(dom::element told, const Amount& amount) {
    if (!has(told, "/interval/0")) return kUnknown;
    return fmt::format("{} to {}", amount.difference_at(told, "/interval/0"),
                       amount.difference_at(told, "/interval/1"));
}

/// "+6.2 points" of a share.
std::string difference_of(dom::element told, const Amount& amount) {
    if (!has(told, "/difference")) return kUnknown;
    return amount.difference_at(told, "/difference") + (text_at(told, "/unit") == "share" ? " points" : "");
}

void print_variants(dom::element answer, const std::vector<dom::element>& variants) {
    const std::string unit = text_at(answer, "/unit") + "s", metric = text_at(answer, "/metrics/0/metric");
    Line line;
    for (const dom::element variant : variants)
        if (has(variant, "/primary/interval/0")) line.hold(variant["primary"]);
    using Column = Table::Column;
    Table table({{"variant", false, true},
                 {unit, true},
                 Column{"calls", true}.if_room(1),
                 {metric, true},
                 {"difference", true},
                 {"interval", true},
                 Column{"", false, false},
                 {"finding"},
                 Column{"best with", true}.if_room(2)});
    bool first = true;
    for (const dom::element variant : variants) {
        std::vector<std::string> cells = {text_at(variant, "/name") + (first ? " (control)" : ""),
                                          count_of(variant, "/units"), count_of(variant, "/calls")};
        std::string finding;
        if (dom::element primary;
            variant["primary"].get(primary) == simdjson::SUCCESS && !primary.is_null()) {
            const Amount amount(primary);
            finding = text_at(primary, "/finding");
            cells.push_back(amount.at(primary, "/b"));
            cells.push_back(difference_of(primary, amount));
            cells.push_back(interval_of(primary, amount));
            cells.push_back(has(primary, "/interval/0") ? line.draw(primary, kBarWidth) : "");
        } else {
            // As the others are compared with it; where nobody says it, as it is counted.
            const dom::element other = variants.size() > 1 ? variants[1] : variant;
            dom::element told;
            const bool compared = other["primary"].get(told) == simdjson::SUCCESS && !told.is_null();
            cells.push_back(compared ? Amount(told).at(told, "/a") : kUnknown);
            cells.insert(cells.end(), {"", "", ""});
        }
        cells.push_back(finding);
        cells.push_back(percent_at(variant, "/best"));
        std::vector<Colour> colours(cells.size(), Colour::Plain);
        colours[0] = Colour::Bold;
        colours[7] = colour_of(finding);
        table.row(std::move(cells), std::move(colours));
        first = false;
    }
    table.print();
}

/// Day by day, what could be said then.
void print_course(dom::element answer, const std::vector<dom::element>& variants) {
    const auto points = rows(answer, "course");
    if (!charts() || points.size() < 2) return;
    for (std::size_t v = 1; v < variants.size(); ++v) {
        Line line;
        std::vector<std::pair<std::string, dom::element>> told;
        for (const dom::element point : points) {
            const auto of = rows(point, "variants");
            if (v < of.size() && has(of[v], "/interval/0")) told.emplace_back(text_at(point, "/at"), of[v]);
        }
        if (told.size() < 2) continue;
        // The first intervals are far wider than the last: these are what is looked at.
        const std::size_t step = (told.size() + kMostPoints - 1) / kMostPoints;
        std::vector<std::pair<std::string, dom::element>> shown;
        for (std::size_t i = (told.size() - 1) % step; i < told.size(); i += step) shown.push_back(told[i]);
        for (std::size_t i = shown.size() / 3; i < shown.size(); ++i) line.hold(shown[i].second);
        dom::element primary;
        if (variants[v]["primary"].get(primary) != simdjson::SUCCESS) continue;
        const Amount amount(primary);
        fmt::print("\n{}\n", paint(printable(text_at(variants[v], "/name") + " over time"), Colour::Bold));
        for (const auto& [at, of] : shown)
            fmt::print("{}  {}  {}\n", printable(clock_text(at).substr(0, 16)),
                       line.draw(of, 2 * kBarWidth - 1), interval_of(of, amount));
    }
}

void print_guards(const std::vector<dom::element>& variants) {
    bool any = false;
    for (const dom::element variant : variants) {
        for (const dom::element guard : rows(variant, "guards")) {
            if (!any) fmt::print("\n");
            any = true;
            const bool breached = text_at(guard, "/breached") == "true";
            fmt::print("guard  {}\n",
                       paint(printable(text_at(guard, "/sentence")), breached ? Colour::Red : Colour::Plain));
        }
    }
}

void print_others(const std::vector<dom::element>& variants) {
    using Column = Table::Column;
    Table table({{"also", false, true},
                 {"variant", false, true},
                 {"control", true},
                 {"variant's", true},
                 {"difference", true},
                 {"interval", true},
                 Column{"finding"}});
    for (const dom::element variant : variants) {
        for (const dom::element told : rows(variant, "also")) {
            if (!has(told, "/a")) continue;
            const Amount amount(told);
            const std::string finding = text_at(told, "/finding");
            // Of what is neither better nor worse only the direction is known.
            const bool neither = text_at(told, "/better") == "neither";
            const std::string word = !neither || (finding != "better" && finding != "worse") ? finding
                                     : number_at(told, "/difference") > 0                    ? "higher"
                                                                                             : "lower";
            table.row({text_at(told, "/metric"), text_at(variant, "/name"), amount.at(told, "/a"),
                       amount.at(told, "/b"), difference_of(told, amount), interval_of(told, amount), word},
                      {Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain,
                       Colour::Plain, neither ? Colour::Plain : colour_of(finding)});
        }
    }
    if (table.empty()) return;
    fmt::print("\n");
    table.print();
}

/// Calls that name the experiment and are not counted, and why.
void print_left_out(dom::element answer) {
    const auto left = static_cast<std::int64_t>(number_at(answer, "/calls_left_out"));
    if (left == 0) return;
    fmt::print("\n{} of the experiment {} not counted:\n", counted(grouped(left), "call"),
               left == 1 ? "is" : "are");
    Table table({{"calls", true}, {"why", false, true}});
    for (const dom::element some : rows(answer, "left_out"))
        table.row({sum_at(some, "/calls"), has(some, "/reason")
                                               ? text_at(some, "/reason")
                                               : "they say no unit, or no variant of the experiment"});
    table.print();
}

}  // namespace

Result<void> print_experiment_result(Api&, dom::element answer) {
    const auto variants = rows(answer, "variants");
    fmt::print("{}  {}, {}\n", paint(printable(text_at(answer, "/name")), Colour::Bold),
               text_at(answer, "/state"), period_of(answer));
    fmt::print("{}\n", printable(text_at(answer, "/sentence")));
    if (has(answer, "/winner"))
        fmt::print("{}\n",
                   paint(printable("to be used from now on: " + text_at(answer, "/winner")), Colour::Green));
    for (const dom::element warning : rows(answer, "warnings"))
        fmt::print("{}\n",
                   paint(printable(std::string(warning.get_string().value_unsafe())), Colour::Yellow));
    fmt::print("\n");
    print_variants(answer, variants);
    print_guards(variants);
    print_others(variants);
    print_course(answer, variants);
    fmt::print("\nintervals hold at every look: they may be acted on at any time\n");
    print_left_out(answer);
    return {};
}

}  // namespace steno::cli
