#include "cli/prompt_folder.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "exports/output.hpp"
#include "io/file_system.hpp"
#include "prompts/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace fs = std::filesystem;
using prompts::PromptFile;

constexpr std::string_view kEnding = ".prompt";
constexpr std::uint64_t kMaxFile = 24u << 20;
constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxPart = 200;  ///< bytes of a folder's or file's name, without ending and mark

bool has_windows_lines(std::string_view file) {
    return file.substr(0, file.find('\n')).ends_with('\r');
}

/// The folder or file of a part of a name: what some file system does not take, or takes for something else,
/// as %XX.
std::string file_name(std::string_view part, bool is_folder) {
    std::string name;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool last = i + 1 == part.size();
        const bool odd = std::string_view("<>:\"\\|?*%").find(part[i]) != std::string_view::npos ||
                         (part[i] == '.' && (i == 0 || last)) || (part[i] == ' ' && last) ||
                         // A folder that is called as another prompt's file is.
                         (is_folder && part.substr(i) == kEnding);
        if (odd)
            name += fmt::format("%{:02X}", static_cast<unsigned char>(part[i]));
        else
            name += part[i];
    }
    return std::string(utf8_prefix(name, kMaxPart));
}

/// "support/answer" → support/answer.prompt, with `mark` before the ending.
fs::path place_of(std::string_view name, std::string_view mark) {
    fs::path path;
    for (;;) {
        const std::size_t slash = name.find('/');
        const std::string part = file_name(name.substr(0, slash), slash != std::string_view::npos);
        if (slash == std::string_view::npos) return path / fmt::format("{}{}{}", part, mark, kEnding);
        path /= part;
        name.remove_prefix(slash + 1);
    }
}

bool is_link(const fs::path& path) {
    std::error_code error;
    return fs::symlink_status(path, error).type() == fs::file_type::symlink;
}

bool is_there(const fs::path& path) {
    std::error_code error;
    const auto type = fs::symlink_status(path, error).type();
    return type != fs::file_type::not_found && type != fs::file_type::none;
}

std::unexpected<Error> refuse_link(const fs::path& path) {
    return fail(Code::FailedPrecondition,
                fmt::format("{} is a link, which might lead out of the folder", path.string()),
                "put what it leads to in its place");
}

/// The text with this version in it, where it is a file as people write them.
std::string with_version(std::string_view text, std::string_view version) {
    const std::string_view end_of_line = has_windows_lines(text) ? "\r\n" : "\n";
    const std::string line = fmt::format("version = \"{}\"{}", version, end_of_line);
    const std::size_t first = text.find('\n') + 1;
    const std::size_t end = text.find("\n+++", first - 1);
    std::string made(text.substr(0, first));
    for (std::size_t at = first; at <= end;) {
        const std::size_t next = std::min(text.find('\n', at), text.size() - 1) + 1;
        const std::string_view whole = text.substr(at, next - at);
        if (whole.starts_with('[')) break;  // from here on members of a table
        if (whole.starts_with("version") && trim(whole.substr(7)).starts_with('='))
            return std::string(text.substr(0, at)).append(line).append(text.substr(next));
        at = next;
    }
    return made.append(line).append(text.substr(first));
}

}  // namespace

Result<PromptFolder> PromptFolder::read(const std::string& name, bool may_be_missing, mode_t mask) {
    PromptFolder folder(name, mask);
    if (may_be_missing && !is_there(name)) return folder;
    std::error_code error;
    std::vector<fs::path> paths;
    for (auto entry = fs::recursive_directory_iterator(name, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const fs::path& path = entry->path();
        if (path.filename().native().starts_with('.')) {
            entry.disable_recursion_pending();
            continue;
        }
        if (path.extension() != kEnding) continue;
        if (entry->is_symlink(error)) return refuse_link(path);
        if (entry->is_regular_file(error)) paths.push_back(path);
        if (paths.size() > kMaxFiles)
            return fail(Code::ResourceExhausted, fmt::format("{} has more than {} files", name, kMaxFiles));
    }
    if (error) return fail(Code::NotFound, fmt::format("{} cannot be read: {}", name, error.message()));
    std::ranges::sort(paths);
    for (const fs::path& path : paths) STENO_TRY(folder.add(path));
    return folder;
}

Result<void> PromptFolder::add(const fs::path& path) {
    STENO_ASSIGN(const std::string text, io::read_file(io::posix_file_system(), path.string(), kMaxFile));
    auto prompt = prompts::read_prompt_file(text);
    const fs::path below = path.lexically_relative(folder_);
    if (prompt && prompt->name.empty()) prompt->name = fs::path(below).replace_extension().generic_string();
    const Result<void> good =
        prompt ? prompts::check(prompt->version.content) : std::unexpected(prompt.error());
    if (!good) return std::unexpected(Error(good.error()).with_context(path.string()));
    const std::string name = prompt->name;
    const auto [place, fresh] = files_.try_emplace(name, File{path, std::move(*prompt)});
    if (!fresh)
        return fail(Code::InvalidArgument, fmt::format("{} and {} are both the prompt \"{}\"",
                                                       place->second.path.string(), path.string(), name));
    taken_.insert(lower_case(below.native()));
    return {};
}

Result<fs::path> PromptFolder::new_place(const std::string& name) const {
    const std::string hash = to_hex(as_text(sha256(name))).substr(0, 8);
    for (const std::string& mark : {std::string(), "~" + hash}) {
        const fs::path place = place_of(name, mark);
        if (!taken_.contains(lower_case(place.native())) && !is_there(fs::path(folder_) / place))
            return place;
    }
    return fail(Code::AlreadyExists,
                fmt::format("another file has the place of the prompt \"{}\": {}", name,
                            (fs::path(folder_) / place_of(name, {})).string()),
                "move it away");
}

/// With the rights that the person's umask leaves.
Result<void> PromptFolder::make_folders(const fs::path& place) const {
    fs::path folder = folder_;
    auto part = place.begin();
    for (;;) {
        if (!is_there(folder)) {
            STENO_TRY(io::posix_file_system().make_directories(folder.string()));
            std::error_code error;
            fs::permissions(folder, fs::perms{0777 & ~mask_}, error);
        }
        if (std::next(part) == place.end()) return {};
        folder /= *part++;
        if (is_link(folder)) return refuse_link(folder);
    }
}

Result<void> PromptFolder::replace(const fs::path& path, std::string_view content) const {
    if (is_link(path)) return refuse_link(path);
    std::error_code error;
    const bool exists = is_there(path);
    const fs::perms rights = exists ? fs::status(path, error).permissions() : fs::perms{0666 & ~mask_};
    return exports::write_whole(path.string(), "", [&](const std::string& part) -> Result<void> {
        STENO_ASSIGN(exports::Output output, exports::Output::open(part));
        STENO_TRY(output.write(content));
        STENO_TRY(output.finish());
        std::error_code not_ours;  // then it stays as it was made
        fs::permissions(part, rights, not_ours);
        return {};
    });
}

Result<void> PromptFolder::write(const PromptFile& prompt) {
    const std::string content = prompts::write_prompt_file(prompt);
    if (const auto file = files_.find(prompt.name); file != files_.end())
        return replace(file->second.path, content);
    STENO_ASSIGN(const fs::path place, new_place(prompt.name));
    STENO_TRY(make_folders(place));
    STENO_TRY(replace(fs::path(folder_) / place, content));
    taken_.insert(lower_case(place.native()));
    return {};
}

Result<void> PromptFolder::set_version(const std::string& name, const prompts::VersionNumber& version) {
    const File& file = files_.at(name);
    STENO_ASSIGN(const std::string text,
                 io::read_file(io::posix_file_system(), file.path.string(), kMaxFile));
    const auto now = prompts::read_prompt_file(text);
    if (!now || now->version.content != file.prompt.version.content)
        return {};  // edited meanwhile: of another version, as the next time tells
    std::string made = with_version(text, version.text());
    // A line of a long text may look like the version's.
    const auto read = prompts::read_prompt_file(made);
    if (!read || !read->version.number || *read->version.number != version ||
        read->version.content != now->version.content) {
        PromptFile wanted = file.prompt;
        wanted.version.number = version;
        made = prompts::write_prompt_file(wanted);
    }
    return replace(file.path, made);
}

}  // namespace steno::cli
