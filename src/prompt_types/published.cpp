#include "prompt_types/published.hpp"

#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <sys/stat.h>
#include <utility>

namespace steno::prompt_types {

namespace {

constexpr std::uint64_t kMostBytes = 256u << 20;
constexpr std::string_view kVersion = "1";

std::string to_text(const Defaults& defaults, const TypeSettings& types) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member_raw("version", kVersion);
    json.member("default_track_full_data", defaults.track_full_data);
    json.key("types");
    json.begin_object();
    for (const auto& [type, settings] : types) {
        Settings rule = settings;
        rule.description.clear();
        if (rule != Settings{}) json.member_raw(type, to_json(rule));
    }
    json.end_object();
    json.end_object();
    return out += '\n';
}

/// What tells one state of a file from another: a new one is put in its place as a whole.
std::string state_of(const std::string& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return {};
    return fmt::format("{}-{}-{}-{}.{}", facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim.tv_sec,
                       facts.st_mtim.tv_nsec);
}

}  // namespace

std::string published_path(const std::string& data_folder) {
    return data_folder + "/prompt-types.json";
}

Result<void> publish(io::FileSystem& files, const std::string& data_folder, const Defaults& defaults,
                     const TypeSettings& types) {
    const std::string path = published_path(data_folder);
    const std::string content = to_text(defaults, types);
    if (files.exists(path)) {
        if (const auto there = io::read_file(files, path, kMostBytes); there && *there == content) return {};
    } else if (types.empty() && defaults == Defaults{}) {
        return {};  // who finds no file does the same
    }
    return io::replace_file(files, path, content);
}

Result<Published> read_published(std::string_view content) {
    Published published;
    std::string version;
    std::string settings;
    JsonReader json(content);
    const auto read_type = [&](std::string_view type) {
        settings.clear();
        if (!json.raw(settings)) return false;
        if (!from_stored(settings, published.types[std::string(type)])) published.is_whole = false;
        return true;
    };
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        if (name == "version") return json.raw(version);
        if (name == "default_track_full_data")
            return json.peek() == JsonReader::Type::Boolean &&
                   json.boolean(published.defaults.track_full_data);
        if (name == "types") return json.peek() == JsonReader::Type::Object && json.object(read_type);
        return json.skip();
    });
    if (version != kVersion)
        return fail(Code::DataLoss, "prompt-types.json is damaged, or of another version of Steno");
    if (!whole) published.is_whole = false;
    return published;
}

Result<Published> read_published(io::FileSystem& files, const std::string& data_folder) {
    STENO_ASSIGN(const std::string content, io::read_file(files, published_path(data_folder), kMostBytes));
    return read_published(content);
}

FolderRules::FolderRules(std::string data_folder) : folder_(std::move(data_folder)) {}

void FolderRules::read() const {
    const std::string state = state_of(published_path(folder_));
    if (state.empty() || state == seen_) return;
    const auto content = io::read_file(io::posix_file_system(), published_path(folder_), kMostBytes);
    if (!content) return;  // no descriptor was left, say: at the next look
    if (auto published = read_published(*content); published && (published->is_whole || !has_rules_)) {
        rules_.use(std::make_shared<const Table>(published->defaults, published->types));
        has_rules_ = true;
    }
    seen_ = state;
}

void FolderRules::look() const noexcept {
    const std::int64_t now = system_clock().steady_nanos();
    if (now < look_at_.load(std::memory_order_acquire)) return;
    // The first look is waited for, later ones are one thread's business.
    std::unique_lock lock(looking_, std::defer_lock);
    if (look_at_.load(std::memory_order_acquire) == 0)
        lock.lock();
    else if (!lock.try_lock())
        return;
    if (now < look_at_.load(std::memory_order_acquire)) return;
    try {
        read();
    } catch (const std::exception&) {  // out of memory: at the next look
    }
    look_at_.store(now + kLook, std::memory_order_release);
}

void FolderRules::admit(Call& call) const noexcept {
    if (call.prompt.type.empty()) return;
    look();
    rules_.admit(call);
}

ingest::TextRule FolderRules::texts(const Call& call) const noexcept {
    return rules_.texts(call);
}

}  // namespace steno::prompt_types
