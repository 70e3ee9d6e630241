#include "cli/prompts_view.hpp"

#include "cli/call_view.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

/// None where there is no such list.
std::vector<dom::element> list_at(dom::element value, const char* member) {
    dom::array list;
    if (value[member].get(list) != simdjson::SUCCESS) return {};
    return {list.begin(), list.end()};
}

std::string joined(dom::element value, const char* member) {
    std::string text;
    for (const dom::element one : list_at(value, member))
        text += (text.empty() ? "" : ", ") + text_at(one, "");
    return text;
}

std::string or_dash(std::string text) {
    return text.empty() ? kUnknown : std::move(text);
}

/// "production 1.2, staging 1.3", without those that stand nowhere.
std::string labels_of(dom::element prompt) {
    std::string text;
    for (const dom::element label : list_at(prompt, "labels"))
        if (has(label, "/version"))
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", text_at(label, "/label"),
                                text_at(label, "/version"));
    return text;
}

/// Without the fraction of a second.
std::string moment(dom::element value, const char* pointer) {
    return clock_text(text_at(value, pointer)).substr(0, 16);
}

/// A line of a text, with its tabs and without what could steer a terminal.
std::string shown(std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    std::string out;
    for (;;) {
        const std::size_t tab = text.find('\t');
        out += printable(text.substr(0, tab));
        if (tab == std::string_view::npos) return out;
        out += '\t';
        text.remove_prefix(tab + 1);
    }
}

void line(std::string_view name, const std::string& value) {
    if (!value.empty()) fmt::print("{:<12}{}\n", name, printable(value));
}

void section(std::string_view head) {
    fmt::print("\n{}\n", paint(head, Colour::Bold));
}

std::string variable_words(dom::element variable) {
    std::string words = text_at(variable, "/type");
    dom::element value;
    if (has(variable, "/default") && variable["default"].get(value) == simdjson::SUCCESS)
        words += ", otherwise " + simdjson::minify(value);
    else if (text_at(variable, "/required") != "true")
        words += ", may be left out";
    if (const std::string description = text_at(variable, "/description"); !description.empty())
        words += ": " + description;
    return words;
}

/// The whole answer; "" where the record has none.
std::string output_of(dom::element call) {
    std::string output;
    dom::array messages;
    if (call.at_pointer("/response/messages").get(messages) != simdjson::SUCCESS) return output;
    for (const dom::element message : messages)
        for (const dom::element part : list_at(message, "parts"))
            if (const std::string text = text_at(part, "/text"); !text.empty())
                output += (output.empty() ? "" : "\n") + text;
    return output;
}

std::string json_of(dom::element change, const char* member) {
    dom::element value;
    if (change[member].get(value) != simdjson::SUCCESS || value.is_null()) return kUnknown;
    return simdjson::minify(value);
}

void print_hunk(dom::element hunk) {
    fmt::print("{}\n",
               paint(fmt::format("@ line {} → {}", text_at(hunk, "/from_line"), text_at(hunk, "/to_line")),
                     Colour::Dim));
    for (const dom::element line : list_at(hunk, "lines")) {
        const std::string change = text_at(line, "/change");
        const Colour colour = change == "removed" ? Colour::Red
                              : change == "added" ? Colour::Green
                                                  : Colour::Plain;
        std::string whole = paint(change == "removed" ? "-" : change == "added" ? "+" : " ", colour);
        for (const dom::element piece : list_at(line, "pieces")) {
            const std::string text = shown(text_at(piece, "/text"));
            // What changed stands out by its colour, or, without colours, in brackets where others stand
            // beside.
            const bool changed = text_at(piece, "/changed") == "true";
            const bool beside = list_at(line, "pieces").size() > 1;
            if (!changed)
                whole += text;
            else if (colours() || !beside)
                whole += paint(text, colour);
            else
                whole += (change == "removed" ? "[-" : "{+") + text + (change == "removed" ? "-]" : "+}");
        }
        fmt::print("{}\n", whole);
    }
    for (const std::string_view change : {"removed", "added"})
        if (const std::string more = text_at(hunk, fmt::format("/more_{}", change).c_str()); !more.empty())
            fmt::print("… and {} more lines {}\n", more, change);
}

/// Into a file or to another program a text goes as it is, with a line's end behind it.
void print_text(std::string_view text) {
    if (isatty(STDOUT_FILENO) != 0)
        print_lines(text);
    else
        fmt::print("{}\n", text);
}

}  // namespace

void print_lines(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        fmt::print("{}\n", shown(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void print_prompts(dom::array prompts) {
    Table table({{"prompt", false, true},
                 {"latest"},
                 {"versions", true},
                 {"labels", false, true},
                 Table::Column{"model", false, true}.if_room(2),
                 Table::Column{"changed"}.if_room(3),
                 Table::Column::gist("goal")});
    for (const dom::element prompt : prompts)
        table.row({text_at(prompt, "/name"), or_dash(text_at(prompt, "/latest/version")),
                   text_at(prompt, "/version_count"), or_dash(labels_of(prompt)),
                   or_dash(text_at(prompt, "/latest/model")), moment(prompt, "/changed_at"),
                   or_dash(text_at(prompt, "/latest/goal"))},
                  {Colour::Bold});
    table.print();
}

void print_prompt(dom::element prompt) {
    fmt::print("{}\n", paint(printable(text_at(prompt, "/name")), Colour::Bold));
    line("what for", text_at(prompt, "/description"));
    line("tags", joined(prompt, "tags"));
    line("created", moment(prompt, "/created_at"));
    if (has(prompt, "/archived_at")) line("archived", moment(prompt, "/archived_at"));
    for (const dom::element label : list_at(prompt, "labels"))
        fmt::print("{:<12}{} → {}{}\n", "label", text_at(label, "/label"),
                   or_dash(text_at(label, "/version")),
                   text_at(label, "/protected") == "true" ? " (protected)" : "");
    fmt::print("\n");
    Table table({{"version"},
                 {"labels", false, true},
                 Table::Column{"model", false, true}.if_room(),
                 {"created"},
                 {"by", false, true},
                 Table::Column::gist("notes")});
    for (const dom::element version : list_at(prompt, "versions"))
        table.row({text_at(version, "/version"), or_dash(joined(version, "labels")),
                   or_dash(text_at(version, "/model")), moment(version, "/created_at"),
                   or_dash(text_at(version, "/author")), text_at(version, "/notes")});
    table.print();
}

void print_prompt_version(dom::element version) {
    fmt::print("{} {}\n", paint(printable(text_at(version, "/name")), Colour::Bold),
               text_at(version, "/version"));
    line("labels", joined(version, "labels"));
    line("goal", text_at(version, "/goal"));
    line("model", text_at(version, "/model"));
    line("temperature", text_at(version, "/temperature"));
    line("token limit", text_at(version, "/token_limit"));
    line("top k", text_at(version, "/top_k"));
    line("top p", text_at(version, "/top_p"));
    for (const char* const member : {"parameters", "tools"}) {
        dom::element value;
        if (version[member].get(value) == simdjson::SUCCESS) line(member, simdjson::minify(value));
    }
    dom::element schema;
    if (version["response_schema"].get(schema) == simdjson::SUCCESS) line("schema", simdjson::minify(schema));
    line("created", moment(version, "/created_at"));
    line("author", text_at(version, "/author"));
    line("notes", text_at(version, "/notes"));
    line("includes", joined(version, "includes"));
    for (const char* const member : {"variables", "undeclared"})
        for (const dom::element variable : list_at(version, member))
            line("variable", text_at(variable, "/name") + " (" + variable_words(variable) + ")");
    if (const std::string text = text_at(version, "/text"); !text.empty()) {
        section("prompt");
        print_lines(text);
    }
    for (const dom::element message : list_at(version, "messages")) {
        section(printable(text_at(message, "/role")));
        print_lines(text_at(message, "/content"));
    }
    dom::element call;
    if (version["last_call"].get(call) != simdjson::SUCCESS || call.is_null()) return;
    section("last output");
    const std::string output = output_of(call);
    print_lines(output.empty() ? gist_of(call) : output);
    fmt::print("{}\n", paint(fmt::format("call {} of {}: steno calls show {}", text_at(call, "/status"),
                                         moment(call, "/started_at"), text_at(call, "/id")),
                             Colour::Dim));
}

void print_label_history(dom::element label) {
    fmt::print("{} → {}{}\n\n", paint(text_at(label, "/label"), Colour::Bold),
               or_dash(text_at(label, "/version")),
               text_at(label, "/protected") == "true" ? " (protected)" : "");
    Table table({{"when"}, {"from"}, {"to"}, {"by", false, true}, Table::Column::gist("why")});
    for (const dom::element move : list_at(label, "history"))
        table.row({moment(move, "/at"), or_dash(text_at(move, "/from")), or_dash(text_at(move, "/to")),
                   or_dash(text_at(move, "/by")),
                   (text_at(move, "/rollback") == "true" ? "rolled back " : "") + text_at(move, "/reason")});
    table.print();
}

void print_difference(dom::element difference) {
    fmt::print("{} {} → {}\n", paint(printable(text_at(difference, "/name")), Colour::Bold),
               text_at(difference, "/from"), text_at(difference, "/to"));
    const std::string from = text_at(difference, "/from");
    if (from == text_at(difference, "/to"))
        fmt::print("both are version {}: there is nothing to compare\n", from);
    else if (text_at(difference, "/same") == "true")
        fmt::print("they say the same\n");
    for (const dom::element change : list_at(difference, "fields"))
        fmt::print("{:<14}{} → {}\n", printable(text_at(change, "/field")),
                   paint(printable(json_of(change, "from")), Colour::Red),
                   paint(printable(json_of(change, "to")), Colour::Green));
    for (const dom::element change : list_at(difference, "variables")) {
        const std::string name = "variable " + text_at(change, "/name");
        const bool before = has(change, "/from");
        const bool then = has(change, "/to");
        fmt::print("{:<14}{} → {}\n", printable(name),
                   before ? printable(variable_words(change["from"].value_unsafe())) : kUnknown,
                   then ? printable(variable_words(change["to"].value_unsafe())) : kUnknown);
    }
    for (const dom::element change : list_at(difference, "texts")) {
        section(printable(text_at(change, "/field")));
        for (const dom::element hunk : list_at(change, "hunks")) print_hunk(hunk);
    }
}

void print_rendering(dom::element rendering) {
    if (has(rendering, "/text")) print_text(text_at(rendering, "/text"));
    bool first = true;
    for (const dom::element message : list_at(rendering, "messages")) {
        fmt::print("{}{}\n", first ? "" : "\n", paint(printable(text_at(message, "/role")), Colour::Bold));
        print_text(text_at(message, "/content"));
        first = false;
    }
    const auto note = [&](const char* member, std::string_view what) {
        const std::string names = joined(rendering, member);
        if (!names.empty()) fmt::print(stderr, "{}: {}\n", what, printable(names));
    };
    note("missing", "missing, and empty in the text");
    note("unused", "given, and not in the prompt");
}

}  // namespace steno::cli
