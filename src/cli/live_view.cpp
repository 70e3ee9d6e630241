#include "cli/live_view.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/call_view.hpp"
#include "cli/chart.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <span>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

std::string per_second(dom::element value, const char* pointer) {
    if (!has(value, pointer)) return kUnknown;
    const double rate = number_at(value, pointer);
    return rate >= 100 ? grouped(static_cast<std::int64_t>(rate)) : fmt::format("{:.3g}", rate);
}

/// Money of a day, to the cent: a figure that one looks at, not one that is added up.
std::string spent(dom::element today) {
    const std::string total = text_at(today, "/cost/total"),
                      currency = printable(text_at(today, "/cost/currency"));
    const double unpriced = number_at(today, "/cost/unpriced_calls"),
                 spent = std::strtod(total.c_str(), nullptr);
    if (total.empty() && currency.empty() && unpriced == 0)
        return number_at(today, "/calls") > 0 ? kUnknown : "nothing";
    std::string text = currency;
    if (!total.empty()) {
        const std::string rounded = fmt::format("{:.2f}", spent);
        text = currency == "USD" ? "$" + rounded : rounded + " " + currency;
        if (spent > 0 && spent < 0.01) text = currency == "USD" ? "< $0.01" : "< 0.01 " + currency;
    }
    if (unpriced > 0)
        text += fmt::format("{}{} unpriced", text.empty() ? "" : " + ",
                            grouped(static_cast<std::int64_t>(unpriced)));
    return text;
}

std::string column(std::string_view text, std::size_t width) {
    std::string shown = cut(printable(text), width);
    shown.append(width - std::min(width, utf8_length(shown)), ' ');
    return shown;
}

std::string right(std::string_view text, std::size_t width) {
    const std::string shown = cut(text, width);
    return std::string(width - std::min(width, utf8_length(shown)), ' ') + shown;
}

/// Who made how many of the calls: "gpt-4o        120  ▇▇▇▇".
struct Bars {
    struct Row {
        std::string name;
        double calls = 0;
        bool failing = false;
    };
    std::string head;
    std::vector<Row> rows;

    /// Always `count` lines of `width` columns.
    [[nodiscard]] std::vector<std::string> lines(std::size_t width, std::size_t count) const {
        constexpr std::size_t kNumber = 7;
        const std::size_t name = std::clamp<std::size_t>(width / 2, 8, 32);
        const std::size_t bars = width > name + kNumber + 2 ? width - name - kNumber - 2 : 0;
        std::vector<std::string> lines{paint(column(head, width), Colour::Dim)};
        const double most = rows.empty() ? 0 : std::ranges::max(rows, {}, &Row::calls).calls;
        for (std::size_t i = 0; i + 1 < count; ++i) {
            if (i >= rows.size()) {
                lines.emplace_back(width, ' ');
                continue;
            }
            const Row& row = rows[i];
            lines.push_back(column(row.name, name) +
                            right(grouped(static_cast<std::int64_t>(row.calls)), kNumber) + "  " +
                            paint(bars > 0 && most > 0 ? bar(row.calls / most, bars) : std::string(bars, ' '),
                                  row.failing ? Colour::Yellow : Colour::Cyan));
        }
        return lines;
    }
};

Bars bars_of(dom::element realtime, const char* table, const char* name, const std::string& figures,
             std::string head) {
    Bars bars{std::move(head), {}};
    dom::array rows;
    if (realtime[table].get(rows) != simdjson::SUCCESS) return bars;
    for (const dom::element row : rows) {
        const double calls = number_at(row, (figures + "/calls").c_str());
        const std::string text = text_at(row, name);
        if (calls > 0)
            bars.rows.push_back(
                {text.empty() ? kUnknown : text, calls, number_at(row, (figures + "/failures").c_str()) > 0});
    }
    std::ranges::sort(bars.rows, [](const auto& a, const auto& b) {
        return a.calls != b.calls ? a.calls > b.calls : a.name < b.name;
    });
    return bars;
}

std::string call_line(dom::element call, std::size_t width, const calendar::Zone& zone) {
    const std::string status = text_at(call, "/status");
    const auto begun = Timestamp::parse(text_at(call, "/started_at"));
    const std::string at = begun ? zone.at(begun->unix_nanos).to_string() : "";
    const std::size_t model = std::clamp<std::size_t>(width / 4, 12, 28);
    const std::size_t agent = std::clamp<std::size_t>(width / 8, 8, 18);
    std::string line = paint(column(at.size() >= 19 ? at.substr(11, 8) : at, 8), Colour::Dim) + "  " +
                       paint(column(status, 9), colour_of_status(status)) + "  " +
                       column(model_of(call), model) + "  " + column(text_at(call, "/trace/agent"), agent) +
                       "  " + right(duration_of(call), 8) + "  " + right(cost_of(call), 10);
    const std::size_t used = 8 + 2 + 9 + 2 + model + 2 + agent + 2 + 8 + 2 + 10 + 2;
    if (width > used + 8) line += "  " + cut(printable(gist_of(call)), width - used);
    return line;
}

}  // namespace

std::vector<std::string> live_screen(const LiveFacts& facts, const LiveLook& look) {
    const dom::element now = facts.realtime;
    const std::size_t width = look.width;
    std::vector<std::string> lines;
    std::string head =
        fmt::format("steno live   {}   last {} min   {}", look.where, text_at(now, "/minutes"), look.clock);
    if (look.paused) head += "   PAUSED";
    lines.push_back(paint(cut(printable(head), width), Colour::Bold));
    const bool behind = text_at(now, "/complete") == "false";
    if (!look.trouble.empty())
        lines.push_back(paint(cut(printable(look.trouble), width), Colour::Red));
    else if (behind)
        lines.push_back(paint(cut(fmt::format("the store is {} records behind: some calls are missing here",
                                              sum_at(now, "/behind")),
                                  width),
                              Colour::Yellow));

    const bool failing = number_at(now, "/ai_calls/failures") > 0;
    lines.push_back(
        cut(fmt::format("{} calls/s   {} tokens/s   95 % within {}   {} running   {} today",
                        per_second(now, "/calls_per_second"), per_second(now, "/tokens_per_second"),
                        time_at(now, "/ai_calls/p95_duration_ms"), sum_at(now, "/running/calls"),
                        spent(facts.today)),
            width));
    lines.push_back(
        paint(cut(fmt::format("{} AI calls in {} requests   {} failed ({})", sum_at(now, "/ai_calls/calls"),
                              sum_at(now, "/requests"), sum_at(now, "/ai_calls/failures"),
                              percent_at(now, "/ai_calls/failure_rate")),
                  width),
              failing ? Colour::Yellow : Colour::Plain));
    const auto newest = [&](const std::vector<double>& values) {
        const std::size_t room = std::min(values.size(), width > 12 ? width - 12 : 0);
        return std::span(values).last(room);
    };
    lines.push_back("calls/min   " + paint(sparkline(newest(facts.calls_by_minute)), Colour::Green));
    lines.push_back("failed      " + paint(sparkline(newest(facts.failures_by_minute)), Colour::Red));

    // A third of what is left for who, the rest for what; both with a head.
    const std::size_t left = look.height > lines.size() + 1 ? look.height - lines.size() - 1 : 0;
    const std::size_t bars = std::min<std::size_t>(left / 3, 12);
    if (bars >= 3) {
        lines.emplace_back();
        const Bars models = bars_of(now, "by_model", "/model", "", "by model");
        const Bars agents = bars_of(now, "by_agent", "/agent", "/ai_calls", "by agent");
        if (width >= 70) {
            const std::size_t half = (width - 3) / 2;
            const auto left_lines = models.lines(half, bars - 1), right_lines = agents.lines(half, bars - 1);
            for (std::size_t i = 0; i < left_lines.size(); ++i)
                lines.push_back(left_lines[i] + "   " + right_lines[i]);
        } else {
            std::ranges::move(models.lines(width, bars - 1), std::back_inserter(lines));
        }
    }
    const std::size_t room = look.height > lines.size() + 3 ? look.height - lines.size() - 3 : 0;
    if (room > 0) {
        lines.emplace_back();
        lines.push_back(paint(look.failures_only ? "the latest failures" : "the latest calls", Colour::Dim));
        for (std::size_t i = look.scrolled; i < std::min(facts.calls.size(), look.scrolled + room); ++i)
            lines.push_back(call_line(facts.calls[i], width, look.zone));
        if (facts.calls.empty()) lines.emplace_back("none yet");
    }
    while (lines.size() + 1 < look.height) lines.emplace_back();
    lines.push_back(
        paint(cut("q quit   space pause   f failures only   ↑↓ scroll   + − minutes", width), Colour::Dim));
    if (lines.size() > look.height) lines.resize(look.height);
    return lines;
}

std::string live_line(const LiveFacts& facts, std::string_view clock) {
    const dom::element now = facts.realtime;
    return fmt::format("{}  {} calls/s  {} tokens/s  95 % within {}  {} failed  {} running  {} today{}",
                       clock, per_second(now, "/calls_per_second"), per_second(now, "/tokens_per_second"),
                       time_at(now, "/ai_calls/p95_duration_ms"), sum_at(now, "/ai_calls/failures"),
                       sum_at(now, "/running/calls"), spent(facts.today),
                       text_at(now, "/complete") == "false" ? "  (the store is behind)" : "");
}

}  // namespace steno::cli
