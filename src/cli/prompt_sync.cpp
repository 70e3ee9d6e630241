#include "cli/prompt_sync.hpp"

#include "base/json_writer.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"
#include "prompts/names.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;
using prompts::PromptFile;
using prompts::VersionNumber;

constexpr int kDiffers = 6;

std::string path_of(const std::string& name, std::string_view below = {}) {
    return fmt::format("/api/v1/prompts/{}{}", net::percent_encode(name), below);
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
}

std::string body_of(const PromptFile& prompt, bool whole) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (whole) {
        json.member("name", prompt.name);
        json.member("description", prompt.description);
        write_texts(json, "tags", prompt.tags);
    }
    if (prompt.version.number) json.member("version", prompt.version.number->text());
    if (!prompt.version.author.empty()) json.member("author", prompt.version.author);
    if (!prompt.version.notes.empty()) json.member("notes", prompt.version.notes);
    if (!prompt.version.labels.empty()) write_texts(json, "labels", prompt.version.labels);
    if (prompt.version.allow_lower) json.member("allow_lower", true);
    prompts::write_members(json, prompt.version.content);
    json.end_object();
    return body;
}

Result<dom::element> parsed(dom::parser& parser, const std::string& body) {
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    return answer;
}

/// A prompt as lists of the API have it.
struct Registered {
    std::string description;
    std::vector<std::string> tags;
    bool archived = false;
    VersionNumber latest = VersionNumber::first();
    std::string sha256;  ///< of what the latest version says
};
using Registry = std::map<std::string, Registered>;

Result<void> read_list(Api& api, bool archived, Registry& registry) {
    STENO_ASSIGN(const std::string body,
                 api.get(fmt::format("/api/v1/prompts?limit=10000&archived={}", archived)));
    dom::parser parser;
    STENO_ASSIGN(const dom::element answer, parsed(parser, body));
    dom::array list;
    if (answer["prompts"].get(list) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prompts");
    for (const dom::element prompt : list) {
        Registered& one = registry[text_at(prompt, "/name")];
        one.description = text_at(prompt, "/description");
        one.archived = archived;
        one.sha256 = text_at(prompt, "/latest/sha256");
        STENO_ASSIGN(one.latest, VersionNumber::parse(text_at(prompt, "/latest/version")));
        dom::array tags;
        if (prompt["tags"].get(tags) == simdjson::SUCCESS)
            for (const dom::element tag : tags) one.tags.push_back(text_at(tag, ""));
    }
    return {};
}

enum class State : std::uint8_t {
    Same,
    OtherDescription,  ///< or other tags; what it says is the same
    OnlyFile,
    NoFile,
    Edited,    ///< since it was the latest
    Behind,    ///< as a version before the latest
    Conflict,  ///< edited since it was a version before the latest
    Archived,
    // What was done:
    Created,
    NewVersion,
    Described,
    Written,
};

struct Words {
    State state;
    std::string_view people;
    std::string_view json;
};
constexpr std::array kWords{
    Words{State::Created, "created", "created"},
    Words{State::NewVersion, "new version", "new_versions"},
    Words{State::Described, "described", "described"},
    Words{State::Written, "written", "written"},
    Words{State::OnlyFile, "only a file", "only_files"},
    Words{State::NoFile, "no file", "no_files"},
    Words{State::Edited, "edited", "edited"},
    Words{State::OtherDescription, "description", "descriptions"},
    Words{State::Behind, "behind", "behind"},
    Words{State::Conflict, "both changed", "conflicts"},
    Words{State::Archived, "archived", "archived"},
};

/// Of a file that says none, none is meant to change.
bool describes_otherwise(const PromptFile& file, const Registered& prompt) {
    return (!file.description.empty() && file.description != prompt.description) ||
           (!file.tags.empty() && file.tags != prompt.tags);
}

/// Whether it is as a version from this one on: what a sync that was interrupted has pushed counts, too.
Result<bool> is_as_before(Api& api, const PromptFile& file, std::string_view sha256) {
    STENO_ASSIGN(const std::string body, api.get(path_of(file.name, "/versions")));
    dom::parser parser;
    STENO_ASSIGN(const dom::element answer, parsed(parser, body));
    dom::array versions;
    if (answer["versions"].get(versions) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no versions");
    for (const dom::element version : versions) {
        const auto number = VersionNumber::parse(text_at(version, "/version"));
        if (number && *number >= *file.version.number && text_at(version, "/sha256") == sha256) return true;
    }
    return false;
}

Result<State> state_of(Api& api, const PromptFile& file, const Registered* prompt) {
    if (prompt == nullptr) return State::OnlyFile;
    if (prompt->archived) return State::Archived;
    const std::string sha256 = prompts::sha256_of(file.version.content);
    if (sha256 == prompt->sha256)
        return describes_otherwise(file, *prompt) ? State::OtherDescription : State::Same;
    if (!file.version.number || *file.version.number >= prompt->latest) return State::Edited;
    STENO_ASSIGN(const bool as_before, is_as_before(api, file, sha256));
    return as_before ? State::Behind : State::Conflict;
}

class Syncing {
  public:
    Syncing(Api& api, PromptFolder& folder, SyncWay way, bool force)
        : api_(api), folder_(folder), way_(way), force_(force) {}

    Result<void> run() {
        Registry registry;
        STENO_TRY(read_list(api_, false, registry));
        STENO_TRY(read_list(api_, true, registry));
        // Before anything is changed; a prompt that is there may have a name of before.
        for (const auto& [name, file] : folder_.files())
            if (const auto good = prompts::check_name(name); !good && !registry.contains(name))
                return std::unexpected(Error(good.error()).with_context(file.path.string()));
        for (const auto& [name, file] : folder_.files()) {
            const auto there = registry.find(name);
            auto done = one(file.prompt, there == registry.end() ? nullptr : &there->second);
            if (!done) return std::unexpected(std::move(done).error().with_context(file.path.string()));
        }
        for (const auto& [name, prompt] : registry) {
            if (prompt.archived || folder_.files().contains(name)) continue;
            if (way_ == SyncWay::Pull)
                STENO_TRY(pull(name, prompt));
            else
                note(State::NoFile, name);
        }
        return {};
    }

    void print(bool as_json) const {
        if (as_json) return print_json();
        for (const Words& words : kWords) {
            const auto names = names_.find(words.state);
            if (names == names_.end() || (words.state == State::NoFile && way_ == SyncWay::Push)) continue;
            for (const std::string& name : names->second)
                fmt::print("{:<14}{}\n", words.people, printable(name));
        }
        const auto missing = names_.find(State::NoFile);
        if (names_.empty())
            fmt::print("files and prompts say the same\n");
        else if (way_ == SyncWay::Push && missing != names_.end())
            fmt::print("{} no file here: --check says which, --pull writes them\n",
                       missing->second.size() == 1 ? "1 prompt has"
                                                   : fmt::format("{} prompts have", missing->second.size()));
        for (const std::string& warning : warnings_) fmt::print(stderr, "warning: {}\n", printable(warning));
    }

    /// What was asked for could not be done for all.
    [[nodiscard]] bool differs() const { return differs_; }
    [[nodiscard]] bool did_anything() const { return !names_.empty(); }

  private:
    void note(State state, const std::string& name) {
        names_[state].push_back(name);
        const bool done = state >= State::Created;
        // Others may keep their prompts in folders of their own.
        differs_ = differs_ || (!done && (state != State::NoFile || way_ != SyncWay::Push));
    }

    Result<void> one(const PromptFile& file, const Registered* prompt) {
        STENO_ASSIGN(const State state, state_of(api_, file, prompt));
        const bool stale =  // of a sync that ended between the two sides
            (state == State::Same || state == State::OtherDescription) &&
            (!file.version.number || *file.version.number != prompt->latest);
        if (stale && way_ != SyncWay::Check) STENO_TRY(folder_.set_version(file.name, prompt->latest));
        if (state == State::Same) return {};
        if (way_ == SyncWay::Push) {
            const bool forced = force_ && (state == State::Conflict || state == State::Behind);
            if (state == State::OnlyFile || state == State::Edited || forced) return push(file, prompt);
            if (state == State::OtherDescription) return describe(file);
        }
        if (way_ == SyncWay::Pull && prompt != nullptr && !prompt->archived &&
            (state == State::Behind || force_))
            return pull(file.name, *prompt);
        note(state, file.name);
        return {};
    }

    Result<void> push(PromptFile file, const Registered* prompt) {
        // By its number, so that one that somebody else has made meanwhile is not gone over.
        auto& number = file.version.number;
        if (prompt != nullptr && (!number || *number <= prompt->latest)) {
            STENO_ASSIGN(number, prompt->latest.next());
        }
        auto body = prompt == nullptr ? api_.post("/api/v1/prompts", body_of(file, true))
                                      : api_.post(path_of(file.name, "/versions"), body_of(file, false));
        if (!body && body.error().code == Code::AlreadyExists) {
            note(State::Conflict, file.name);
            return {};
        }
        if (!body) return std::unexpected(std::move(body).error());
        dom::parser parser;
        STENO_ASSIGN(const dom::element answer, parsed(parser, *body));
        note(prompt == nullptr ? State::Created : State::NewVersion, file.name);
        dom::array warnings;
        if (answer["warnings"].get(warnings) == simdjson::SUCCESS)
            for (const dom::element warning : warnings)
                warnings_.push_back(fmt::format("{}: {}", file.name, text_at(warning, "")));
        STENO_ASSIGN(const VersionNumber version, VersionNumber::parse(text_at(answer, "/version")));
        STENO_TRY(folder_.set_version(file.name, version));
        return prompt != nullptr && describes_otherwise(file, *prompt) ? describe(file) : Result<void>();
    }

    Result<void> describe(const PromptFile& file) {
        std::string body;
        JsonWriter json(body);
        json.begin_object();
        if (!file.description.empty()) json.member("description", file.description);
        if (!file.tags.empty()) write_texts(json, "tags", file.tags);
        json.end_object();
        STENO_TRY(api_.patch(path_of(file.name), body));
        note(State::Described, file.name);
        return {};
    }

    Result<void> pull(const std::string& name, const Registered& prompt) {
        STENO_ASSIGN(PromptFile file, get_prompt(api_, name, prompt.latest.text()));
        file.description = prompt.description;
        file.tags = prompt.tags;
        STENO_TRY(folder_.write(file));
        note(State::Written, name);
        return {};
    }

    /// All lists, empty ones too.
    void print_json() const {
        std::string body;
        JsonWriter json(body);
        json.begin_object();
        for (const Words& words : kWords) {
            const auto names = names_.find(words.state);
            write_texts(json, words.json, names == names_.end() ? std::vector<std::string>() : names->second);
        }
        write_texts(json, "warnings", warnings_);
        json.end_object();
        fmt::print("{}\n", body);
    }

    Api& api_;
    PromptFolder& folder_;
    const SyncWay way_;
    const bool force_;
    std::map<State, std::vector<std::string>> names_;
    std::vector<std::string> warnings_;  ///< of the server, each with the prompt's name in front
    bool differs_ = false;
};

}  // namespace

Result<std::string> send_prompt(Api& api, const PromptFile& prompt) {
    auto added = api.post(path_of(prompt.name, "/versions"), body_of(prompt, false));
    if (added || added.error().code != Code::NotFound) return added;
    return api.post("/api/v1/prompts", body_of(prompt, true));
}

Result<PromptFile> get_prompt(Api& api, const std::string& name, std::string_view which) {
    STENO_ASSIGN(const std::string body,
                 api.get(path_of(name, fmt::format("/versions/{}", net::percent_encode(which)))));
    PromptFile prompt;
    prompt.name = name;
    JsonReader json(body);
    Result<void> good;
    const bool whole = json.object([&](std::string_view member) {
        std::string number;
        if (member == "version" && json.string(number)) {
            auto read = VersionNumber::parse(number);
            if (read) prompt.version.number = std::move(*read);
            return read.has_value();
        }
        const auto known = prompts::read_member(json, member, prompt.version.content);
        if (!known) good = std::unexpected(known.error());
        return known && (*known || json.skip());
    });
    STENO_TRY(good);
    if (!whole) return fail(Code::Internal, "the answer is no version of a prompt");
    return prompt;
}

Result<int> sync_prompts(Api& api, PromptFolder folder, SyncWay way, bool force, bool json) {
    Syncing syncing(api, folder, way, force);
    const auto done = syncing.run();
    if (done || syncing.did_anything()) syncing.print(json);  // also what was done before an error
    STENO_TRY(done);
    return syncing.differs() ? kDiffers : 0;
}

}  // namespace steno::cli
