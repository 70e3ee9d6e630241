#include "cli/report_quality.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

namespace steno::cli::chapters {

namespace {

namespace dom = simdjson::dom;

std::string rounded(dom::element value, const char* pointer) {
    return has(value, pointer) ? fmt::format("{:.4g}", number_at(value, pointer)) : kUnknown;
}
double judged(dom::element quality) {
    return number_at(quality, "/feedback/accepted") + number_at(quality, "/feedback/modified") +
           number_at(quality, "/feedback/rejected");
}

}  // namespace

void feedback(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    dom::element now, earlier;
    if (a.quality["all"].get(now) != simdjson::SUCCESS ||
        a.quality_before["all"].get(earlier) != simdjson::SUCCESS || judged(now) == 0)
        return;
    document.blocks.push_back(Heading{"What people said of the answers"});
    std::string text =
        fmt::format("{} judged: {} accepted ({}{}), {} modified, {} rejected.",
                    judged(now) == 1 ? "1 answer was" : grouped(std::llround(judged(now))) + " answers were",
                    sum_at(now, "/feedback/accepted"), percent_at(now, "/feedback/acceptance_rate"),
                    grounds.compared && has(earlier, "/feedback/acceptance_rate")
                        ? ", before: " + percent_at(earlier, "/feedback/acceptance_rate")
                        : "",
                    sum_at(now, "/feedback/modified"), sum_at(now, "/feedback/rejected"));
    if (number_at(now, "/edit_distance/calls") > 0)
        text += fmt::format(" Of {} it is known how much people changed: {} characters on average.",
                            sum_at(now, "/edit_distance/calls"), rounded(now, "/edit_distance/average"));
    document.blocks.push_back(Paragraph{text});
    std::vector<dom::element> rows;
    for (const dom::element group : items(a.quality, "/groups"))
        if (judged(group) > 0) rows.push_back(group);
    if (rows.size() == 1 && group_name(rows.front()) == kUnknown) return;
    greatest_first(rows, judged);
    Table table{{{"prompt type", false, true},
                 {"judged", true},
                 {"accepted", true},
                 {"", false, false, true},
                 {"modified", true},
                 {"rejected", true},
                 {"edited by", true}},
                {}};
    for (std::size_t i = 0; i < rows.size() && i < kRows; ++i) {
        const dom::element row = rows[i];
        table.rows.push_back({group_name(row), grouped(std::llround(judged(row))),
                              percent_at(row, "/feedback/acceptance_rate"),
                              fmt::format("{:.4f}", number_at(row, "/feedback/acceptance_rate")),
                              sum_at(row, "/feedback/modified"), sum_at(row, "/feedback/rejected"),
                              rounded(row, "/edit_distance/average")});
    }
    document.blocks.push_back(table);
    and_more(document, rows.size(), ", of which fewer were judged");
}

void scores(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    const auto found = items(a.quality, "/scores");
    if (found.empty()) return;
    const auto average_before = [&](const std::string& name) -> std::string {
        for (const dom::element score : items(a.quality_before, "/scores"))
            if (text_at(score, "/name") == name) return rounded(score, "/average");
        return kUnknown;
    };
    Table table{{{"score", false, true},
                 {"calls", true},
                 {"average", true},
                 {"before", true},
                 {"least", true},
                 {"median", true},
                 {"greatest", true}},
                {}};
    if (!grounds.compared) table.columns.erase(table.columns.begin() + 3);
    for (std::size_t i = 0; i < found.size() && i < kRows; ++i) {
        const dom::element score = found[i];
        const std::string name = text_at(score, "/name");
        auto& cells =
            table.rows.emplace_back(std::vector{name, sum_at(score, "/calls"), rounded(score, "/average")});
        if (grounds.compared) cells.push_back(average_before(name));
        for (const char* of : {"/least", "/median", "/greatest"}) cells.push_back(rounded(score, of));
    }
    document.blocks.push_back(Heading{"Scores"});
    document.blocks.push_back(table);
    and_more(document, found.size(), ", of fewer calls");
}

void missing_variables(Document& document, const ReportAnswers& a, const Grounds& grounds) {
    const dom::element found = a.missing;
    if (number_at(found, "/incomplete") == 0) return;
    document.blocks.push_back(Heading{"Prompts that lacked variables"});
    std::string names;
    const auto variables = items(found, "/variables");
    for (std::size_t i = 0; i < variables.size() && i < kRows; ++i)
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", text_at(variables[i], "/variable"),
                             sum_at(variables[i], "/calls"));
    if (variables.size() > kRows) names += fmt::format(" and {} more", variables.size() - kRows);
    std::string text = fmt::format(
        "Of the AI calls that tell it, {} had all variables of their prompt, {} had not. Missing were {}.",
        percent_at(found, "/rate"), sum_at(found, "/incomplete"), names);
    if (grounds.compared && has(a.quality_before, "/all/data_quality/rate"))
        text += fmt::format(" Before, {} had all.", percent_at(a.quality_before, "/all/data_quality/rate"));
    document.blocks.push_back(Paragraph{text});
    Table table{{{"prompt", false, true},
                 {"version"},
                 {"had all", true},
                 {"had not", true},
                 {"most often without", false, true}},
                {}};
    const auto prompts = items(found, "/prompts");
    for (std::size_t i = 0; i < prompts.size() && i < kRows; ++i) {
        const dom::element prompt = prompts[i];
        const std::string type = text_at(prompt, "/type"), name = text_at(prompt, "/name");
        table.rows.push_back({type.empty()   ? (name.empty() ? kUnknown : name)
                              : name.empty() ? type
                                             : type + ", " + name,
                              has(prompt, "/version") ? text_at(prompt, "/version") : kUnknown,
                              percent_at(prompt, "/rate"), sum_at(prompt, "/incomplete"),
                              text_at(prompt, "/missing/0/variable")});
    }
    document.blocks.push_back(table);
    and_more(document, prompts.size());
}

}  // namespace steno::cli::chapters
