#include "cli/server_file.hpp"

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "io/file_system.hpp"

#include <simdjson.h>

#include <unistd.h>

namespace steno::cli {

ServerFile::ServerFile(const std::string& folder, const ServerNote& note) : path_(folder + "/server.json") {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    json.member("url", note.url);
    json.member("pid", std::int64_t{getpid()});
    json.member("version", STENO_VERSION);
    if (note.ends_with_a_program) json.member("ends_with_a_program", true);
    json.end_object();
    body += '\n';
    if (auto written = io::replace_file(io::posix_file_system(), path_, body); !written) {
        log::warning("{} cannot be written ({}): commands on this folder will need --server", path_,
                     written.error().message);
    }
}

ServerFile::~ServerFile() {
    (void)io::posix_file_system().unlink(path_);
}

Result<ServerNote> server_of(const std::string& folder) {
    auto content = io::read_file(io::posix_file_system(), folder + "/server.json", 64 * 1024);
    simdjson::dom::parser parser;
    simdjson::dom::element said;
    std::string_view url;
    if (!content || parser.parse(*content).get(said) != simdjson::SUCCESS ||
        said["url"].get(url) != simdjson::SUCCESS) {
        return fail(Code::FailedPrecondition,
                    "another process is using " + folder + " and has not said where it listens",
                    "name the server with --server URL");
    }
    ServerNote note{.url = std::string(url)};
    if (said["ends_with_a_program"].get(note.ends_with_a_program) != simdjson::SUCCESS)
        note.ends_with_a_program = false;
    return note;
}

}  // namespace steno::cli
