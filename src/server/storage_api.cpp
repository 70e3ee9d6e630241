#include "base/json_writer.hpp"
#include "server/api.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>

/// What a data folder takes of the disk, and of which calls.
namespace steno::server {

namespace {

struct Files {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;

    void add(std::uint64_t size) {
        ++number;
        bytes += size;
    }
};

struct Folder {
    Files plain;   ///< segments of the journal as they were written
    Files sealed;  ///< and compressed
    Files store;
    Files other;  ///< keys, locks, marks

    [[nodiscard]] std::uint64_t bytes() const {
        return plain.bytes + sealed.bytes + store.bytes + other.bytes;
    }
};

/// Files that go while it looks are left out.
Folder measure(const std::filesystem::path& root) {
    Folder folder;
    std::error_code gone;
    std::filesystem::recursive_directory_iterator at(root, gone);
    for (; !gone && at != std::filesystem::recursive_directory_iterator(); at.increment(gone)) {
        std::error_code error;
        if (!at->is_regular_file(error)) continue;
        const std::uint64_t size = at->file_size(error);
        if (error) continue;
        const std::string first = at->path().lexically_relative(root).begin()->string();
        const std::string extension = at->path().extension().string();
        if (first == "journal" && extension == ".stj")
            folder.plain.add(size);
        else if (first == "journal" && extension == ".sts")
            folder.sealed.add(size);
        else if (first == "store")
            folder.store.add(size);
        else
            folder.other.add(size);
    }
    return folder;
}

void write(JsonWriter& json, std::string_view name, const Files& files) {
    json.key(name);
    json.begin_object();
    json.member("files", files.number);
    json.member("bytes", files.bytes);
    json.end_object();
}

}  // namespace

Result<ApiAnswer> show_storage(Services& services, const ApiRequest&) {
    services.data.calls().catch_up();
    store::AggregateQuery months;
    STENO_ASSIGN(months.bucket, store::make_bucket("month", "UTC"));
    for (const char* name : {"calls", "min(started_at)"}) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        months.measures.push_back(std::move(measure));
    }
    months.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, services.data.store().aggregate(months));
    STENO_ASSIGN(const store::StoreStats stats, services.data.store().stats());
    const Folder folder = measure(services.data.path());

    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("data_dir", services.data.path());
    json.member("bytes", folder.bytes());
    json.key("journal");
    json.begin_object();
    json.member("bytes", folder.plain.bytes + folder.sealed.bytes);
    write(json, "plain", folder.plain);
    write(json, "sealed", folder.sealed);
    json.end_object();
    json.key("store");
    json.begin_object();
    json.member("bytes", folder.store.bytes);
    json.member("unused_bytes", stats.unused);
    json.end_object();
    write(json, "other", folder.other);
    json.member("calls", stats.rows);
    // By month, so the first that has one has the oldest.
    for (const auto& group : table.groups) {
        const auto* oldest = std::get_if<store::Value>(&group.cells[1]);
        if (oldest == nullptr) continue;
        json.member("oldest_call", std::get<Timestamp>(*oldest).to_string());
        break;
    }
    json.key("months");
    json.begin_array();
    for (const auto& group : table.groups) {
        json.begin_object();
        json.key("month");
        if (group.bucket)
            json.string(group.bucket->to_string().substr(0, 7));
        else
            json.null();  // calls without a start time
        json.member("calls", std::get<std::int64_t>(std::get<store::Value>(group.cells[0])));
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return answer;
}

}  // namespace steno::server
