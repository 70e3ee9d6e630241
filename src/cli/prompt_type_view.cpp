#include "cli/prompt_type_view.hpp"

#include "cli/call_view.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

/// "$4.20", or each currency's sum.
std::string costs(dom::element type, const char* member) {
    dom::array all;
    std::string text;
    if (type.at_pointer("/totals/cost").get(all) != simdjson::SUCCESS) return text;
    for (const dom::element one : all)
        text += (text.empty() ? "" : " and ") + money(text_at(one, member), text_at(one, "/currency"));
    return text.empty() ? kUnknown : text;
}

std::string clock_or_unknown(dom::element value, const char* pointer) {
    return has(value, pointer) ? clock_text(text_at(value, pointer)).substr(0, 16) : kUnknown;
}

/// What switches it off by itself; empty: nothing.
std::string when_it_goes_off(dom::element type) {
    std::string when;
    if (text_at(type, "/settings/disable_over_budget") == "true") when = "when its budget is used up";
    if (has(type, "/settings/disable_failure_rate"))
        when +=
            fmt::format("{}when more than {:.6g} % of {} calls or more within {} minutes fail",
                        when.empty() ? "" : ", or ", number_at(type, "/settings/disable_failure_rate") * 100,
                        grouped(static_cast<std::int64_t>(number_at(type, "/settings/disable_least_calls"))),
                        number_at(type, "/settings/disable_window_minutes"));
    return when;
}

}  // namespace

std::string texts_kept(dom::element type) {
    if (text_at(type, "/settings/is_active") == "false") return "figures";
    if (text_at(type, "/tracks_full_data") != "true") return "the latest";
    const double rate = number_at(type, "/settings/sample_rate", 1);
    std::string words = rate < 1 ? fmt::format("{:.6g} %", rate * 100) : "all";
    if (has(type, "/settings/text_limit"))
        words += fmt::format(", cut to {} bytes",
                             grouped(static_cast<std::int64_t>(number_at(type, "/settings/text_limit"))));
    return words;
}

Table type_table(dom::array types) {
    Table table({{"prompt type", false, true},
                 {"texts kept", false, true},
                 {"AI calls", true},
                 {"failed", true},
                 Table::Column::amount("cost"),
                 Table::Column::amount("a call").if_room(2),
                 Table::Column{"last call"}.if_room(1),
                 Table::Column{"description", false, true}.if_room(3)});
    for (const dom::element type : types) {
        const bool active = text_at(type, "/settings/is_active") == "true";
        table.row({text_at(type, "/type"), texts_kept(type),
                   grouped(static_cast<std::int64_t>(number_at(type, "/totals/calls"))),
                   grouped(static_cast<std::int64_t>(number_at(type, "/totals/failures"))),
                   costs(type, "/total"), costs(type, "/average"),
                   clock_or_unknown(type, "/totals/last_called_at"), text_at(type, "/settings/description")},
                  {active ? Colour::Bold : Colour::Dim});
    }
    return table;
}

Table type_change_table(dom::array changes) {
    Table table({{"when"},
                 {"prompt type", false, true},
                 {"what", false, true},
                 {"by", false, true},
                 Table::Column{"why", false, true}.if_room()});
    for (const dom::element change : changes) {
        std::string what;
        dom::object after;
        if (change["after"].get(after) != simdjson::SUCCESS) {
            what = "follows the defaults again";
        } else {
            for (const auto [member, value] : after) {
                const std::string now = simdjson::minify(value);
                dom::element before;
                const std::string was = change["before"][member].get(before) == simdjson::SUCCESS
                                            ? simdjson::minify(before)
                                            : std::string("null");
                if (was == now) continue;
                what += fmt::format("{}{}: {} → {}", what.empty() ? "" : ", ", member, was, now);
            }
        }
        table.row({clock_or_unknown(change, "/at"), text_at(change, "/type"), what,
                   has(change, "/by") ? text_at(change, "/by") : kUnknown,
                   has(change, "/reason") ? text_at(change, "/reason") : ""});
    }
    return table;
}

void print_type_settings(dom::element type) {
    const std::string description = printable(text_at(type, "/settings/description"));
    fmt::print("{}{}\n", paint(printable(text_at(type, "/type")), Colour::Bold),
               description.empty() ? "" : "  " + description);
    fmt::print("texts kept   {}{}\n", texts_kept(type),
               has(type, "/settings/track_full_data") ? "" : ", by default");
    if (text_at(type, "/settings/is_active") == "false")
        fmt::print("not active   its calls are left out of lists; sums have them\n");
    if (has(type, "/settings/retention"))
        fmt::print("retention    {}\n", printable(text_at(type, "/settings/retention")));
    if (text_at(type, "/settings/masking") == "strict")
        fmt::print("masked       e-mail addresses, numbers of phones and cards, IBANs, IP addresses\n");
    if (text_at(type, "/settings/log_level") != "off")
        fmt::print("logged       {}\n", text_at(type, "/settings/log_level"));
    if (const std::string when = when_it_goes_off(type); !when.empty())
        fmt::print("goes off     {}: {}\n", text_at(type, "/settings/disable_switches"), when);
    if (number_at(type, "/revision") > 0)
        fmt::print("set          {}{}\n", clock_or_unknown(type, "/changed_at"),
                   has(type, "/changed_by") ? " by " + printable(text_at(type, "/changed_by")) : "");
}

void print_type_totals(dom::element type) {
    const auto count = [&](const char* pointer) {
        return grouped(static_cast<std::int64_t>(number_at(type, pointer)));
    };
    fmt::print(
        "AI calls     {}, {} failed{}\n", count("/totals/calls"), count("/totals/failures"),
        number_at(type, "/totals/removed_calls") > 0
            ? fmt::format("; {} of them are not on the record any more", count("/totals/removed_calls"))
            : "");
    fmt::print("cost         {}{}\n", costs(type, "/total"),
               number_at(type, "/totals/unpriced_calls") > 0
                   ? fmt::format(", without {} that have no price", count("/totals/unpriced_calls"))
                   : "");
    fmt::print("a call       {}\n", costs(type, "/average"));
    fmt::print("first, last  {}, {}\n", clock_or_unknown(type, "/totals/first_called_at"),
               clock_or_unknown(type, "/totals/last_called_at"));
    dom::array budgets;
    std::string names;
    if (type["budgets"].get(budgets) == simdjson::SUCCESS) {
        for (const dom::element name : budgets)
            names += (names.empty() ? "" : ", ") + std::string(name.get_string().value_unsafe());
    }
    if (!names.empty()) fmt::print("budgets      {}\n", printable(names));
}

}  // namespace steno::cli
