#include "cli/report_suggestions.hpp"

#include "cli/call_view.hpp"
#include "cli/suggestion_words.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <string>

namespace steno::cli::chapters {

namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kTold = 5;  ///< each is a paragraph

std::string saving(dom::element one) {
    if (!has(one, "/saving/currency")) return {};
    if (!has(one, "/saving/per_month"))
        return fmt::format(" Saves {} of what was looked at.",
                           about(amount(one, "/saving/amount"), text_at(one, "/saving/currency")));
    const std::string between = saving_between(one);
    return fmt::format(" Saves about {} a month{}.", saving_a_month(one),
                       between.empty() ? "" : fmt::format(" ({})", between));
}

}  // namespace

void suggestions(Document& document, const ReportAnswers& a) {
    const auto found = items(a.suggestions, "/suggestions");
    if (found.empty()) return;
    document.blocks.push_back(Heading{"What to change"});
    for (std::size_t i = 0; i < found.size() && i < kTold; ++i) {
        std::string text = fmt::format("{}. {}.{}", i + 1, text_at(found[i], "/sentence"), saving(found[i]));
        std::string but;
        for (const dom::element caveat : items(found[i], "/caveats"))
            but += fmt::format("{}{}", but.empty() ? "" : "; ", text_at(caveat, ""));
        if (!but.empty()) text += fmt::format(" But: {}.", but);
        document.blocks.push_back(Paragraph{printable(text)});
    }
    and_more(document, found.size(), ", which save less or nothing", kTold);
    document.blocks.push_back(
        Paragraph{"Savings are not to be added up: several can be of the same calls. steno suggest has the "
                  "numbers, and calls to "
                  "look at.",
                  true});
}

}  // namespace steno::cli::chapters
