#include "cli/prompt_create.hpp"

#include "base/shell_word.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/input_file.hpp"
#include "cli/prompt_sync.hpp"
#include "cli/repricing.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"
#include "prompts/check.hpp"
#include "prompts/names.hpp"
#include "prompts/prompt_file.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

struct NewVersionFlags {
    RecordFlags record;
    std::string name, version, from, file;
    std::string text, system, goal, model, description, author, notes;
    std::vector<std::string> tags, labels;
    std::optional<double> temperature, top_p;
    std::optional<std::int64_t> top_k, token_limit;
    bool allow_lower = false;
};

/// One line that a person types, and once more while it cannot be read; an empty one leaves what stands in
/// brackets. Cancelled: the input ends.
using Read = std::function<Result<void>(const std::string&)>;
Result<void> ask(std::string_view question, const std::string& otherwise, const Read& read) {
    for (;;) {
        fmt::print(stderr, "{}{}: ", question,
                   otherwise.empty() ? "" : fmt::format(" [{}]", printable(otherwise)));
        std::string answer;
        if (!std::getline(std::cin, answer)) return fail(Code::Cancelled, "nothing was created");
        if (answer.empty() && !otherwise.empty()) return {};
        const auto good = read(answer);
        if (good) return {};
        fmt::print(stderr, "{}\n", good.error().message);
    }
}

std::string words_of(const std::string& text) {
    return text;
}
Result<void> read_into(std::string& text, const std::string& answer) {
    text = answer;
    return {};
}

template <class T>
std::string words_of(const std::optional<T>& number) {
    return number ? fmt::format("{}", *number) : "";
}
template <class T>
Result<void> read_into(std::optional<T>& number, const std::string& answer) {
    if (answer.empty()) return {};
    T read{};
    const auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), read);
    if (error != std::errc{} || end != answer.data() + answer.size())
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is no number", printable(answer)));
    if (std::is_integral_v<T> && read < 1)
        return fail(Code::InvalidArgument, "a whole number from 1 to 1,000,000,000");
    number = read;
    return {};
}

template <class T>
Result<void> ask_for(std::string_view question, prompts::Content& content, T prompts::Content::* member) {
    return ask(question, words_of(content.*member), [&](const std::string& answer) -> Result<void> {
        prompts::Content typed;
        STENO_TRY(read_into(typed.*member, answer));
        typed.text = "-";  // what the prompt says is asked for last
        STENO_TRY(prompts::check(typed));
        content.*member = std::move(typed.*member);
        return {};
    });
}

/// All lines up to one with a point alone on it, or the input's end; until they can be a prompt.
Result<void> ask_for_template(prompts::Content& content) {
    for (;;) {
        fmt::print(stderr,
                   "The prompt, {{{{name}}}} for a variable (a line with a single \".\" ends it{}):\n",
                   content.text.empty() ? "" : "; at once: the text stays as it is");
        std::string text;
        std::string line;
        while (std::getline(std::cin, line) && line != ".") text += (text.empty() ? "" : "\n") + line;
        if (text.empty()) text = content.text;
        prompts::Content typed;
        typed.text = text;
        const auto good = prompts::check(typed);
        if (good) {
            content.text = std::move(text);
            return {};
        }
        if (!std::cin) return good;
        fmt::print(stderr, "{}\n", good.error().message);
    }
}

/// What a version says that is to become another, with its settings.
Result<void> start_from(Api& api, std::string_view which, prompts::PromptFile& file) {
    STENO_ASSIGN(prompts::PromptFile base, get_prompt(api, file.name, which));
    file.version.content = std::move(base.version.content);
    return {};
}

Result<void> ask_for_all(Api& api, const NewVersionFlags& flags, prompts::PromptFile& file) {
    prompts::Content& content = file.version.content;
    if (file.name.empty())
        STENO_TRY(ask("Name", "", [&](const std::string& answer) {
            file.name = answer;
            return prompts::check_name(answer);
        }));
    // A server that cannot be asked, or a prompt that is archived, is told before all else is typed.
    const auto latest = start_from(api, "latest", file);
    const bool unknown = !latest && latest.error().code == Code::NotFound &&
                         !api.get("/api/v1/prompts/" + net::percent_encode(file.name));
    if (!latest && !unknown) return latest;
    if (latest) fmt::print(stderr, "A new version: an empty line leaves what is in the latest.\n");
    if (flags.version.empty())
        STENO_TRY(ask("Version", "the next one", [&](const std::string& answer) -> Result<void> {
            STENO_ASSIGN(file.version.number, prompts::VersionNumber::parse(answer));
            return {};
        }));
    STENO_TRY(ask_for("Goal, in one sentence", content, &prompts::Content::goal));
    STENO_TRY(ask_for("Model", content, &prompts::Content::model));
    STENO_TRY(ask_for("Temperature", content, &prompts::Content::temperature));
    STENO_TRY(ask_for("Token limit", content, &prompts::Content::token_limit));
    STENO_TRY(ask_for("Top-k", content, &prompts::Content::top_k));
    STENO_TRY(ask_for("Top-p", content, &prompts::Content::top_p));
    if (content.messages.empty()) return ask_for_template(content);
    fmt::print(stderr, "Its messages stay as they are; others are given by --file.\n");
    return {};
}

using Role = std::vector<std::string_view>;  ///< a role, and other names that it has
const Role kUser = {"user"}, kSystem = {"system", "developer"};

/// The one of that role; null: there is none. InvalidArgument: several, and `flag` may mean any of them.
Result<prompts::Message*> message_of(prompts::Content& content, const Role& role, std::string_view flag) {
    prompts::Message* found = nullptr;
    for (prompts::Message& message : content.messages) {
        if (std::ranges::find(role, std::string_view(message.role)) == role.end()) continue;
        if (found != nullptr)
            return fail(Code::InvalidArgument,
                        fmt::format("the prompt has several {} messages, and {} does not say which of them",
                                    role.front(), flag),
                        "a file with all messages, as steno prompts sync has them: --file FILE");
        found = &message;
    }
    return found;
}

/// The text, or the user's message of a chat: the other messages stay.
Result<void> set_text(prompts::Content& content, std::string_view flag, std::string text) {
    if (content.messages.empty()) {
        content.text = std::move(text);
        return {};
    }
    STENO_ASSIGN(prompts::Message* const message, message_of(content, kUser, flag));
    if (message != nullptr)
        message->content = std::move(text);
    else
        content.messages.push_back({"user", std::move(text)});
    return {};
}

/// What was a text is the user's message from then on.
Result<void> set_system(prompts::Content& content, std::string text) {
    STENO_ASSIGN(prompts::Message* const message, message_of(content, kSystem, "--system"));
    if (message != nullptr) {
        message->content = std::move(text);
        return {};
    }
    if (content.messages.empty()) content.messages.push_back({"user", std::exchange(content.text, {})});
    content.messages.insert(content.messages.begin(), {"system", std::move(text)});
    return {};
}

/// From the file, or from what a person types, with what the flags say in its place.
Result<prompts::PromptFile> wanted(Api& api, const NewVersionFlags& flags) {
    prompts::PromptFile file;
    file.name = flags.name;
    prompts::Content& content = file.version.content;
    if (!flags.from.empty()) {
        if (file.name.empty())
            return fail(Code::InvalidArgument, "--from is a version of a prompt: which prompt?",
                        "steno prompts create NAME --from " + shell_word(flags.from));
        STENO_TRY(start_from(api, flags.from, file));
    }
    if (!flags.file.empty()) {
        STENO_ASSIGN(std::string text, read_input(flags.file, kMaxPromptFile));
        if (text.starts_with("+++") || text.starts_with("\xef\xbb\xbf+++")) {
            if (!flags.from.empty())
                return fail(Code::InvalidArgument,
                            "a file with settings says all of them, and so does --from", "one of them");
            auto read = prompts::read_prompt_file(text);
            if (!read) return std::unexpected(std::move(read).error().with_context(flags.file));
            file = std::move(*read);
            if (!flags.name.empty()) file.name = flags.name;
        } else {
            if (text.ends_with('\n')) text.pop_back();
            if (text.ends_with('\r')) text.pop_back();
            STENO_TRY(set_text(content, "--file", std::move(text)));
        }
    } else if (flags.text.empty() && flags.from.empty()) {
        if (::isatty(STDIN_FILENO) == 0)
            return fail(Code::InvalidArgument, "a prompt needs its text",
                        "--text \"Answer {{question}}\", --file FILE, or --file - for standard input");
        STENO_TRY(ask_for_all(api, flags, file));
    }
    if (!flags.text.empty()) STENO_TRY(set_text(content, "--text", flags.text));
    if (!flags.system.empty()) STENO_TRY(set_system(content, flags.system));
    const auto text = [](const std::string& flag, std::string& into) {
        if (!flag.empty()) into = flag;
    };
    text(flags.goal, content.goal);
    text(flags.model, content.model);
    text(flags.description, file.description);
    text(flags.author, file.version.author);
    text(flags.notes, file.version.notes);
    if (file.version.author.empty()) file.version.author = author_name("");
    // JSON has no such numbers: the server would be told of none.
    for (const auto& [flag, number] :
         {std::pair("--temperature", flags.temperature), std::pair("--top-p", flags.top_p)})
        if (number && !std::isfinite(*number))
            return fail(Code::InvalidArgument,
                        fmt::format("{}: {} is no number that a model takes", flag, *number),
                        fmt::format("{} 0.7", flag));
    if (flags.temperature) content.temperature = flags.temperature;
    if (flags.top_p) content.top_p = flags.top_p;
    if (flags.top_k) content.top_k = flags.top_k;
    if (flags.token_limit) content.token_limit = flags.token_limit;
    if (!flags.tags.empty()) file.tags = flags.tags;
    if (!flags.labels.empty()) file.version.labels = flags.labels;
    if (!flags.version.empty()) {
        STENO_ASSIGN(file.version.number, prompts::VersionNumber::parse(flags.version));
    }
    file.version.allow_lower = flags.allow_lower;
    return file;
}

Result<int> create(const Program& program, const NewVersionFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(const prompts::PromptFile file, wanted(*api, flags));
    if (file.name.empty())
        return fail(Code::InvalidArgument, "a prompt needs a name", "steno prompts create NAME --text \"…\"");
    STENO_ASSIGN(const std::string body, send_prompt(*api, file));
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    const std::string version = text_at(answer, "/version");
    if (text_at(answer, "/created") == "true")
        fmt::print("{} has version {} now\n", printable(file.name), version);
    else
        fmt::print("version {} of {} says the same already: nothing was made\n", version,
                   printable(file.name));
    print_warnings(answer);
    return 0;
}

}  // namespace

void add_prompt_create(Program& program, CLI::App& prompts) {
    CLI::App* sub = program.add(
        prompts, "create", "A new prompt, or a new version of one that there is; asks a person at a terminal",
        "  steno prompts create answer --text \"Answer {{question}}\" --label staging\n"
        "  steno prompts create answer --from latest --temperature 0.2   # all else stays\n"
        "  steno prompts create answer --from latest --system \"Be kind.\"\n"
        "  steno prompts create --file prompts/answer.prompt\n"
        "  generate | steno prompts create answer --file -\n");
    const auto flags = std::make_shared<NewVersionFlags>();
    add_record_flags(*sub, flags->record);
    sub->add_option("name", flags->name, "the prompt's name");
    auto* text = sub->add_option("--text", flags->text, "the prompt; of a chat the user's message");
    sub->add_option("--system", flags->system, "the system message: it makes a chat of a prompt");
    sub->add_option("--file", flags->file,
                    "a file of steno prompts sync, or the text alone; -: standard input")
        ->excludes(text);
    sub->add_option("--from", flags->from,
                    "what is not said is as in this version, or where this label stands");
    sub->add_option("--version", flags->version, "its number (default: the next one)");
    sub->add_flag("--allow-lower", flags->allow_lower, "than the highest that there is");
    sub->add_option("--goal", flags->goal, "what it is for, in one sentence");
    sub->add_option("--model", flags->model, "the model that it is made for");
    sub->add_option("--temperature", flags->temperature, "of the model");
    sub->add_option("--token-limit", flags->token_limit, "the most tokens of an answer");
    sub->add_option("--top-k", flags->top_k, "of the model");
    sub->add_option("--top-p", flags->top_p, "of the model, 0 to 1");
    sub->add_option("--label", flags->labels, "labels that are to stand on it; may be repeated")
        ->allow_extra_args(false);
    sub->add_option("--notes", flags->notes, "what is new in this version");
    sub->add_option("--author", flags->author, "who made it (default: your user name here)");
    sub->add_option("--description", flags->description, "of a new prompt");
    sub->add_option("--tag", flags->tags, "of a new prompt; may be repeated")->allow_extra_args(false);
    sub->callback([flags, &program] { program.run = [flags](Program& p) { return create(p, *flags); }; });
}

}  // namespace steno::cli
