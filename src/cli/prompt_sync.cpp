#include "cli/prompt_sync.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/call_view.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"
#include "net/http.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;
namespace fs = std::filesystem;
using prompts::PromptFile;

constexpr std::string_view kEnding = ".prompt";
constexpr std::uint64_t kMaxFile = 24u << 20;
constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxPart = 240;  ///< bytes, with the ending what file systems take
constexpr int kDiffers = 6;

std::string path_of(const std::string& name, std::string_view below = {}) {
    return fmt::format("/api/v1/prompts/{}{}", net::percent_encode(name), below);
}

std::string body_of(const PromptFile& file, bool whole) {
    std::string body;
    JsonWriter json(body);
    const auto texts = [&](std::string_view key, const std::vector<std::string>& values) {
        if (values.empty()) return;
        json.key(key);
        json.begin_array();
        for (const std::string& value : values) json.string(value);
        json.end_array();
    };
    json.begin_object();
    if (whole) {
        json.member("name", file.name);
        json.member("description", file.description);
        texts("tags", file.tags);
    }
    if (file.version.number) json.member("version", file.version.number->text());
    if (!file.version.author.empty()) json.member("author", file.version.author);
    if (!file.version.notes.empty()) json.member("notes", file.version.notes);
    texts("labels", file.version.labels);
    if (file.version.allow_lower) json.member("allow_lower", true);
    prompts::write_members(json, file.version.content);
    json.end_object();
    return body;
}

/// A file's place below the folder. Absent: the name is too long for one.
std::optional<fs::path> file_of(const std::string& name) {
    fs::path path;
    std::string_view left = name;
    for (;;) {
        const std::size_t slash = left.find('/');
        const std::string_view part = left.substr(0, slash);
        if (part.size() > kMaxPart) return std::nullopt;
        if (slash == std::string_view::npos) return path / (std::string(part) + std::string(kEnding));
        path /= part;
        left.remove_prefix(slash + 1);
    }
}

struct Local {
    fs::path path;
    std::string text;  ///< of the file
    PromptFile file;
};

/// By name. A file that says no name has that of its path.
Result<std::map<std::string, Local>> read_folder(const std::string& folder) {
    std::error_code error;
    std::vector<fs::path> paths;
    for (auto entry = fs::recursive_directory_iterator(folder, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        if (!entry->is_regular_file(error) || entry->path().extension() != kEnding) continue;
        paths.push_back(entry->path());
        if (paths.size() > kMaxFiles)
            return fail(Code::ResourceExhausted, fmt::format("{} has more than {} files", folder, kMaxFiles));
    }
    if (error) return fail(Code::NotFound, fmt::format("{} cannot be read: {}", folder, error.message()));
    std::ranges::sort(paths);
    std::map<std::string, Local> files;
    for (const fs::path& path : paths) {
        STENO_ASSIGN(const std::string text, io::read_file(io::posix_file_system(), path.string(), kMaxFile));
        auto file = prompts::read_prompt_file(text);
        if (file && file->name.empty())
            file->name = path.lexically_relative(folder).replace_extension().generic_string();
        Result<void> good = file ? prompts::check_name(file->name) : std::unexpected(file.error());
        if (good) good = prompts::check(file->version.content);
        if (!good) return std::unexpected(std::move(good).error().with_context(path.string()));
        const std::string name = file->name;
        const auto [place, fresh] = files.try_emplace(name, Local{path, text, std::move(*file)});
        if (!fresh)
            return fail(Code::InvalidArgument, fmt::format("{} and {} are both the prompt \"{}\"",
                                                           place->second.path.string(), path.string(), name));
    }
    return files;
}

/// A version as a file says it, without the prompt's own members, and without labels: these are the
/// registry's to move.
Result<PromptFile> file_of_answer(const std::string& version) {
    PromptFile file;
    JsonReader json(version);
    Result<void> good;
    const bool whole = json.object([&](std::string_view name) {
        std::string number;
        if (name == "version" && json.string(number)) {
            auto parsed = prompts::VersionNumber::parse(number);
            if (parsed) file.version.number = std::move(*parsed);
            return parsed.has_value();
        }
        if (name == "author") return json.string(file.version.author);
        if (name == "notes") return json.string(file.version.notes);
        const auto known = prompts::read_member(json, name, file.version.content);
        if (!known) good = std::unexpected(known.error());
        return known && (*known || json.skip());
    });
    STENO_TRY(good);
    if (!whole) return fail(Code::Internal, "the answer is no version of a prompt");
    return file;
}

/// Those that are not archived, by name.
Result<std::map<std::string, PromptFile>> read_registry(Api& api) {
    STENO_ASSIGN(const std::string body, api.get("/api/v1/prompts?limit=10000"));
    dom::parser parser;
    dom::element answer;
    dom::array list;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
        answer["prompts"].get(list) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no prompts");
    std::map<std::string, PromptFile> prompts;
    for (const dom::element prompt : list) {
        const std::string name = text_at(prompt, "/name");
        STENO_ASSIGN(const std::string version, api.get(path_of(name, "/versions/latest")));
        STENO_ASSIGN(PromptFile file, file_of_answer(version));
        file.name = name;
        file.description = text_at(prompt, "/description");
        dom::array tags;
        if (prompt["tags"].get(tags) == simdjson::SUCCESS)
            for (const dom::element tag : tags) file.tags.emplace_back(tag.get_string().value_unsafe());
        prompts.emplace(name, std::move(file));
    }
    return prompts;
}

/// What was done, or is to be done, a line each; with --json as an object of lists.
class Account {
  public:
    void note(const std::string& what, const std::string& of) { done_[what].push_back(of); }
    void print(bool as_json) const {
        if (as_json) {
            std::string body;
            JsonWriter json(body);
            json.begin_object();
            for (const auto& [what, names] : done_) {
                json.key(what);
                json.begin_array();
                for (const std::string& name : names) json.string(name);
                json.end_array();
            }
            json.end_object();
            fmt::print("{}\n", body);
            return;
        }
        for (const auto& [what, names] : done_)
            for (const std::string& name : names) fmt::print("{:<14}{}\n", what, printable(name));
        if (done_.empty()) fmt::print("files and prompts say the same\n");
    }
    [[nodiscard]] bool none() const { return done_.empty(); }

  private:
    std::map<std::string, std::vector<std::string>> done_;
};

Result<void> write_file(const std::string& folder, const PromptFile& file, const fs::path* there) {
    fs::path path;
    if (there != nullptr) {
        path = *there;
    } else {
        const auto below = file_of(file.name);
        if (!below)
            return fail(Code::InvalidArgument, fmt::format("\"{}\" cannot be the name of a file", file.name));
        path = fs::path(folder) / *below;
    }
    STENO_TRY(io::posix_file_system().make_directories(path.parent_path().string()));
    return io::replace_file(io::posix_file_system(), path.string(), prompts::write_prompt_file(file));
}

bool same(const PromptFile& a, const PromptFile& b) {
    return prompts::sha256_of(a.version.content) == prompts::sha256_of(b.version.content);
}

enum class State : std::uint8_t {
    Same,
    OnlyFile,
    Edited,    ///< since it was the latest
    Behind,    ///< as a version before the latest
    Conflict,  ///< edited since it was a version before the latest
};

std::string_view words(State state) {
    switch (state) {
        case State::Same:
            return "same";
        case State::OnlyFile:
            return "only a file";
        case State::Edited:
            return "edited";
        case State::Behind:
            return "behind";
        case State::Conflict:
            return "both changed";
    }
    return "";
}

Result<State> state_of(Api& api, const PromptFile& file, const PromptFile* latest) {
    if (latest == nullptr) return State::OnlyFile;
    if (same(file, *latest)) return State::Same;
    const auto& number = file.version.number;
    if (!number || *number >= *latest->version.number) return State::Edited;
    const auto body = api.get(path_of(file.name, "/versions/" + net::percent_encode(number->text())));
    if (!body) return State::Conflict;  // of a version that there is not
    STENO_ASSIGN(const PromptFile base, file_of_answer(*body));
    return same(file, base) ? State::Behind : State::Conflict;
}

/// The file's text with this version in it: the rest stays as people wrote it.
std::string with_version(const std::string& text, const std::string& version) {
    const std::string line = fmt::format("version = \"{}\"", version);
    const std::size_t end = text.find("\n+++", 3);
    for (std::size_t at = text.find('\n'); at < end; at = text.find('\n', at + 1)) {
        std::string_view rest = std::string_view(text).substr(at + 1);
        rest = rest.substr(0, rest.find('\n'));
        if (rest.starts_with('[')) break;  // the members of a table
        if (!rest.starts_with("version") || trim(rest.substr(7)).substr(0, 1) != "=") continue;
        return text.substr(0, at + 1) + line + text.substr(at + 1 + rest.size());
    }
    const std::size_t first = text.find('\n') + 1;
    return text.substr(0, first) + line + "\n" + text.substr(first);
}

Result<void> push(Api& api, Local& local, const PromptFile* latest) {
    auto& number = local.file.version.number;
    if (latest != nullptr && number && *number <= *latest->version.number) number.reset();
    STENO_ASSIGN(const std::string body, send_prompt(api, local.file));
    dom::parser parser;
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    return io::replace_file(io::posix_file_system(), local.path.string(),
                            with_version(local.text, text_at(answer, "/version")));
}

}  // namespace

Result<std::string> send_prompt(Api& api, const PromptFile& file) {
    auto added = api.post(path_of(file.name, "/versions"), body_of(file, false));
    if (added || added.error().code != Code::NotFound) return added;
    return api.post("/api/v1/prompts", body_of(file, true));
}

Result<int> sync_prompts(Api& api, const Sync& sync, bool json) {
    if (sync.way == SyncWay::Pull) STENO_TRY(io::posix_file_system().make_directories(sync.folder));
    STENO_ASSIGN(auto files, read_folder(sync.folder));
    STENO_ASSIGN(const auto prompts, read_registry(api));
    Account account;
    bool differs = false;
    for (auto& [name, local] : files) {
        const auto there = prompts.find(name);
        const PromptFile* latest = there == prompts.end() ? nullptr : &there->second;
        STENO_ASSIGN(const State state, state_of(api, local.file, latest));
        if (state == State::Same) continue;
        const bool pushes =
            sync.way == SyncWay::Push &&
            (state == State::OnlyFile || state == State::Edited || (sync.force && state == State::Conflict));
        const bool pulls =
            sync.way == SyncWay::Pull && latest != nullptr && (state == State::Behind || sync.force);
        if (pushes) {
            STENO_TRY(push(api, local, latest));
            account.note(latest == nullptr ? "created" : "new version", name);
        } else if (pulls) {
            STENO_TRY(write_file(sync.folder, *latest, &local.path));
            account.note("written", name);
        } else {
            account.note(std::string(words(state)), name);
            differs = true;
        }
    }
    for (const auto& [name, prompt] : prompts) {
        if (files.contains(name)) continue;
        if (sync.way == SyncWay::Pull) {
            STENO_TRY(write_file(sync.folder, prompt, nullptr));
            account.note("written", name);
        } else if (sync.way == SyncWay::Check) {
            account.note("no file", name);
            differs = true;
        }
    }
    account.print(json);
    return differs ? kDiffers : 0;
}

}  // namespace steno::cli
