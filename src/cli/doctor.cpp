#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"
#include "cli/composition.hpp"
#include "cli/server_file.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"
#include "net/http_client.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <memory>
#include <sys/statvfs.h>
#include <unistd.h>

namespace steno::cli {

namespace {

enum class Verdict { Good, Note, Bad };

struct Finding {
    Verdict verdict = Verdict::Good;
    std::string what;
    std::string detail;
};

Finding configuration(const Program& program) {
    const auto config = program.config();
    if (!config)
        return {Verdict::Bad, "configuration", config.error().message + "; " + config.error().remedy};
    return {Verdict::Good, "configuration",
            fmt::format("{} settings from file, environment or flags", config->origin.size())};
}

Finding disk(const Config& config) {
    io::FileSystem& files = io::posix_file_system();
    if (auto made = files.make_directories(config.data_dir); !made)
        return {Verdict::Bad, "data folder", made.error().message};
    struct statvfs stat{};
    if (statvfs(config.data_dir.c_str(), &stat) != 0) return {Verdict::Note, "disk space", "cannot be read"};
    const double free_gb = static_cast<double>(stat.f_bavail) * static_cast<double>(stat.f_frsize) / 1e9;
    return {free_gb < 1 ? Verdict::Bad : Verdict::Good, "disk space",
            fmt::format("{:.1f} GB free for {}", free_gb, config.data_dir)};
}

Finding sync_time(const Config& config) {
    io::FileSystem& files = io::posix_file_system();
    const std::string path = config.data_dir + "/.doctor";
    auto file = files.open_append(path);
    if (!file) return {Verdict::Bad, "writing", file.error().message};
    const std::int64_t start = system_clock().steady_nanos();
    constexpr int kRounds = 5;
    for (int i = 0; i < kRounds; ++i) {
        if (auto written = io::append_all(**file, std::string(4096, 'x')); !written)
            return {Verdict::Bad, "writing", written.error().message};
        if (auto synced = (*file)->sync(); !synced) return {Verdict::Bad, "fsync", synced.error().message};
    }
    (void)files.unlink(path);
    const double ms = static_cast<double>(system_clock().steady_nanos() - start) / 1e6 / kRounds;
    return {ms > 50 ? Verdict::Note : Verdict::Good, "fsync",
            fmt::format("{:.1f} ms{}", ms, ms > 50 ? "; slow: acknowledgements will wait" : "")};
}

Finding keys() {
    std::string found;
    for (const char* name : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"}) {
        if (std::getenv(name) != nullptr) found += (found.empty() ? "" : ", ") + std::string(name);
    }
    if (found.empty())
        return {Verdict::Note, "provider keys",
                "none in the environment; clients bring their own, only replay needs one here"};
    return {Verdict::Good, "provider keys", found};
}

/// `if_none`: what it means that nobody answers there.
Finding server_at(const std::string& url_text, Verdict if_none) {
    const auto url = net::BaseUrl::parse_server(url_text);
    if (!url)
        return {Verdict::Bad, "server",
                "this is no address of one; name it as in http://127.0.0.1:8787 or unix:/PATH"};
    net::RequestHead head;
    head.target = url->path + "/readyz";
    net::ClientDeadlines deadlines;
    deadlines.connect = std::chrono::seconds(2);
    deadlines.first_byte = std::chrono::seconds(5);
    auto answer = net::fetch(*url, head, {}, deadlines);
    if (!answer) return {if_none, "server", "none answers at " + url->to_string()};
    constexpr std::size_t kMostWords = 500;  // it may be another program, with a page
    return {answer->head.status == 200 ? Verdict::Good : Verdict::Bad, "server",
            url->to_string() + ": " + printable(utf8_prefix(answer->body, kMostWords))};
}

Finding server(const Config& config) {
    const auto running = server_of(config.data_dir);
    return server_at(running ? running->url : "http://" + config.listen.to_string(), Verdict::Note);
}

/// Does it take our questions, and with this key?
Finding record_of(const Program& program, const RecordFlags& flags) {
    auto api = Api::open(program, flags);
    Result<std::string> status =
        api ? (*api)->get("/api/v1/status") : std::unexpected(std::move(api).error());
    if (!status) return {Verdict::Bad, "record", status.error().message + "; " + status.error().remedy};
    simdjson::dom::parser parser;
    std::int64_t calls = 0;
    if (parser.parse(*status)["store"]["rows"].get(calls) != simdjson::SUCCESS)
        return {Verdict::Bad, "record", "the answer is not a Steno server's; is it another program?"};
    return {Verdict::Good, "record", fmt::format("{} calls", calls)};
}

Finding folder(const Config& config) {
    auto parts = Composition::open(config, Composition::Use::Look);
    if (!parts && parts.error().code == Code::FailedPrecondition)
        return {Verdict::Good, "record", "in use by a server"};
    if (!parts) return {Verdict::Bad, "record", parts.error().message + "; " + parts.error().remedy};
    const auto stats = (*parts)->data().store().stats();
    if (!stats) return {Verdict::Bad, "store", stats.error().message};
    return {
        Verdict::Good, "record",
        fmt::format("{} calls, {} left open by a dead process", stats->rows, (*parts)->data().interrupted())};
}

Result<int> examine(const Program& program, const RecordFlags& flags) {
    STENO_TRY(one_place(flags));
    std::vector<Finding> findings{configuration(program)};
    if (!flags.server.empty()) {
        findings.push_back(server_at(flags.server, Verdict::Bad));
        if (findings.back().verdict == Verdict::Good) findings.push_back(record_of(program, flags));
    } else if (findings.front().verdict != Verdict::Bad) {
        STENO_ASSIGN(const Config config, program.config(flags.data));
        log::configure(log::Level::Error, false);
        for (const auto check : {disk, sync_time, folder, server}) findings.push_back(check(config));
        findings.push_back(keys());
    }
    bool bad = false;
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const Finding& finding : findings) {
        bad = bad || finding.verdict == Verdict::Bad;
        const std::string_view word = finding.verdict == Verdict::Good   ? "ok"
                                      : finding.verdict == Verdict::Note ? "note"
                                                                         : "bad";
        json.begin_object();
        json.member("check", finding.what);
        json.member("verdict", word);
        json.member("detail", finding.detail);
        json.end_object();
        if (program.json) continue;
        const Colour colour = finding.verdict == Verdict::Good   ? Colour::Green
                              : finding.verdict == Verdict::Note ? Colour::Yellow
                                                                 : Colour::Red;
        fmt::print("{}  {:<14} {}\n", paint(fmt::format("{:<4}", word), colour), finding.what,
                   finding.detail);
    }
    json.end_array();
    if (program.json) fmt::print("{}\n", out);
    return bad ? 1 : 0;
}

}  // namespace

void add_doctor(Program& program) {
    CLI::App* command = program.add(program.app, "doctor", "Look whether everything is as it should be",
                                    "  steno doctor\n"
                                    "  steno doctor --server http://127.0.0.1:8787\n");
    const auto flags = std::make_shared<RecordFlags>();
    add_record_flags(*command, *flags);
    command->callback(
        [flags, &program] { program.run = [flags](Program& p) { return examine(p, *flags); }; });
}

}  // namespace steno::cli
