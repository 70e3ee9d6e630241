#include "cli/usage.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace steno::cli {

namespace {

/// "steno calls list".
std::string path_of(const CLI::App& app) {
    const CLI::App* parent = app.get_parent();
    return parent == nullptr ? "steno" : path_of(*parent) + " " + app.get_name();
}

/// The command that the line came to.
const CLI::App& deepest(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? app : deepest(*chosen.back());
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

/// The first example in the command's help; empty: it has none.
std::string example_of(const CLI::App& app) {
    for (const std::string_view line : split(app.get_footer(), '\n')) {
        if (line.starts_with("steno ")) return std::string(line);
    }
    return "";
}

/// The name that was probably meant; "": none of them.
std::string meant(std::string_view written, const std::vector<std::string>& names) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    return std::string(nearest(utf8_prefix(written, 80), views));
}

std::string list_of_commands(const CLI::App& app) {
    std::string list;
    for (const CLI::App* command : commands_of(app)) {
        list += fmt::format("{}{:<10} {}", list.empty() ? "" : "\n", command->get_name(),
                            command->get_description());
    }
    return list;
}

std::vector<std::string> words(const CLI::App& root, bool options) {
    std::vector<std::string> words;
    for (const std::string& word : root.remaining(true)) {
        if (word.starts_with('-') == options) words.push_back(word);
    }
    return words;
}

Error no_command(const CLI::App& root, const CLI::App& group) {
    const std::string path = path_of(group);
    // Behind an option that is not known here, a word is its value.
    const auto rest = root.remaining(true);
    const bool mistyped = !rest.empty() && !rest[0].starts_with('-');
    if (!mistyped) {
        return {Code::InvalidArgument, path + " needs one of its commands",
                list_of_commands(group) + fmt::format("\n{} COMMAND --help shows examples", path)};
    }
    std::vector<std::string> names;
    for (const CLI::App* command : commands_of(group)) names.push_back(command->get_name());
    const std::string message = fmt::format("{} has no command \"{}\"", path, utf8_prefix(rest[0], 80));
    if (const std::string name = meant(rest[0], names); !name.empty()) {
        const std::string example = example_of(*group.get_subcommand(name));
        return {Code::InvalidArgument, message,
                fmt::format("did you mean {} {}?{}", path, name,
                            example.empty() ? "" : " For example:\n  " + example)};
    }
    return {Code::InvalidArgument, message, list_of_commands(group)};
}

Error no_such_option(const CLI::App& root, const CLI::App& command) {
    const std::string path = path_of(command);
    const std::string help = fmt::format("{} --help shows what it takes", path);
    const auto options = words(root, true);
    if (options.empty()) {
        const auto more = words(root, false);
        return {Code::InvalidArgument,
                fmt::format("{} does not know what to do with \"{}\"", path,
                            more.empty() ? "" : utf8_prefix(more[0], 80)),
                help};
    }
    const std::string written = options[0].substr(0, options[0].find('='));
    std::vector<std::string> names;
    for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
        for (const CLI::Option* option : app->get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
    }
    const std::string name = meant(written, names);
    return {Code::InvalidArgument, fmt::format("{} has no option {}", path, utf8_prefix(written, 80)),
            name.empty() ? help : fmt::format("did you mean {}? {}", name, help)};
}

/// What the parser calls "--days: Value abc not in range [1 - 36500]": what the option takes, and what it
/// got.
std::string in_words(const CLI::ParseError& error) {
    std::string text = error.what();
    constexpr std::string_view kValue = ": Value ", kRange = " not in range ";
    const std::size_t value = text.find(kValue), range = text.find(kRange);
    if (value == text.npos || range == text.npos || range < value) return text;
    std::string bounds = text.substr(range + kRange.size());
    if (bounds.starts_with('[') && bounds.ends_with(']')) bounds = bounds.substr(1, bounds.size() - 2);
    if (const std::size_t to = bounds.find(" - "); to != bounds.npos) bounds.replace(to, 3, " to ");
    return fmt::format(
        "{} takes a number from {}; \"{}\" is none", text.substr(0, value), bounds,
        utf8_prefix(std::string_view(text).substr(value + kValue.size(), range - value - kValue.size()), 80));
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App& command = deepest(app);
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !commands_of(command).empty())
        return no_command(app, command);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return no_such_option(app, command);
    const std::string example = example_of(command);
    return {Code::InvalidArgument, fmt::format("{}: {}", path_of(command), in_words(error)),
            fmt::format("{}{}{} --help shows what it takes", example, example.empty() ? "" : "\n",
                        path_of(command))};
}

void show_examples_of_commands(CLI::App& group) {
    std::string examples;
    for (const CLI::App* command : commands_of(group)) {
        if (const std::string example = example_of(*command); !example.empty())
            examples += "  " + example + "\n";
    }
    group.footer("\nExamples:\n" + examples + fmt::format("{} COMMAND --help shows more\n", path_of(group)));
}

}  // namespace steno::cli
