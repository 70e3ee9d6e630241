#include "base/log.hpp"
#include "cli/command.hpp"
#include "cli/composition.hpp"
#include "cli/server_file.hpp"
#include "cli/yesterday.hpp"
#include "experiment_watch/watcher.hpp"
#include "server/pages.hpp"
#include "server/server.hpp"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <thread>
#include <unistd.h>

namespace steno::cli {

namespace {

/// Of us to ourselves; never unblocked.
constexpr int kStoreFailed = SIGUSR1;

struct ServeFlags {
    std::string data;
    std::string listen;
    std::string socket;
    std::string api_key_file;
    std::vector<std::string> upstreams;
    bool yesterday = false;
};

Result<Config> configure(const Program& program, const ServeFlags& flags) {
    STENO_ASSIGN(Config config, program.config(flags.data));
    if (!flags.listen.empty()) STENO_TRY(set(config, "server.listen", flags.listen, "--listen"));
    if (!flags.api_key_file.empty())
        STENO_TRY(set(config, "server.api_key_file", flags.api_key_file, "--api-key-file"));
    if (!flags.socket.empty()) STENO_TRY(set(config, "server.socket", flags.socket, "--socket"));
    if (flags.yesterday) STENO_TRY(set(config, "console.yesterday", "on", "--yesterday"));
    for (const std::string& upstream : flags.upstreams)
        STENO_TRY(add_upstream(config, upstream, "--upstream"));
    return config;
}

void announce(const std::string& url, const Config& config) {
    fmt::print("Steno {} is recording into {}\n\n", STENO_VERSION, config.data_dir);
    fmt::print("  page      {}\n", server::has_pages() ? url + "/" : "(built without it)");
    fmt::print("  OpenAI    {}/openai/v1       (OPENAI_BASE_URL)\n", url);
    fmt::print("  Anthropic {}/anthropic       (ANTHROPIC_BASE_URL)\n", url);
    fmt::print("  Gemini    {}/gemini          (GOOGLE_GEMINI_BASE_URL)\n", url);
    for (const auto& [name, upstream] : config.upstreams) {
        if (name == "openai" || name == "anthropic" || name == "gemini") continue;
        fmt::print("  {:<9} {}/{}\n", name, url, name);
    }
    fmt::print("  API       {}/api/v1/openapi.json\n", url);
    if (!config.socket.empty()) fmt::print("  socket    {}\n", config.socket);
    fmt::print("\n");
    std::fflush(stdout);
}

/// Once the store has what earlier processes left.
void tell_of_yesterday(const std::stop_token& stop, const std::string& url, const Config& config,
                       const Program& program, Composition& parts) {
    while (!parts.data().feeder().stats().history_fed) {
        if (stop.stop_requested()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    RecordFlags self;
    self.server = url;
    self.api_key_file = config.api_key_file;
    auto api = Api::open(program, self);
    const auto told = api ? print_yesterday(**api, system_clock().now())
                          : Result<void>(std::unexpected(std::move(api).error()));
    if (!told) log::warning("yesterday's calls cannot be summed up: {}", told.error().message);
}

/// What waits for the store, while calls are recorded already. A store that cannot be opened ends the server.
void go_on_with_store(const std::stop_token& stop, const std::string& url, const Config& config,
                      const Program& program, Composition& parts) {
    const auto opened = parts.data().wait_for_store(stop);
    if (stop.stop_requested()) return;
    if (!opened) {
        (void)::kill(::getpid(), kStoreFailed);
        return;
    }
    if (parts.data().interrupted() > 0) {
        log::info("{} calls were under way when the last process died; they are recorded as interrupted",
                  parts.data().interrupted());
    }
    // What is not in the store yet must not be sealed or judged, so without feeding there is nothing to do.
    if (!config.store_feed) {
        if (parts.daily_files() != nullptr) log::warning("no daily files are written: store.feed is off");
        return;
    }
    parts.custodian().start();
    if (parts.alerting() != nullptr) parts.alerting()->start_watching();
    parts.experiment_watcher().start();
    if (parts.daily_files() != nullptr) parts.daily_files()->start();
    if (config.yesterday) tell_of_yesterday(stop, url, config, program, parts);
}

/// A command that looks into the folder has it for a moment; a service that starts then must not fail.
Result<std::unique_ptr<Composition>> open_patiently(const Config& config) {
    for (int tries = 0;; ++tries) {
        auto parts = Composition::open(config, Composition::Use::Serve);
        if (parts || parts.error().code != Code::FailedPrecondition || tries == 15) return parts;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
}

/// Until a signal comes.
Result<void> serve_until_told(const Program& program, const Config& config, Composition& parts,
                              server::ServerOptions options, const sigset_t& signals) {
    server::Server server(parts.loops(), parts.services(config.listen.to_string()), std::move(options));
    STENO_TRY(server.listen());

    net::Endpoint reached = config.listen;
    reached.port = server.port();
    if (reached.host == "0.0.0.0") reached.host = "127.0.0.1";
    if (reached.host == "::") reached.host = "::1";
    const std::string url = "http://" + reached.to_string();
    const ServerFile server_file(config.data_dir, {.url = url});
    announce(url, config);
    if (parts.alerting() != nullptr) parts.alerting()->start_delivering();
    const std::jthread with_store(
        [&](const std::stop_token& stop) { go_on_with_store(stop, url, config, program, parts); });

    int signal = 0;
    sigwait(&signals, &signal);
    const auto opened = parts.data().store_opened();
    const bool failed = opened && !*opened;
    if (!failed) fmt::print("\nending: running calls get 10 s, a second signal ends at once\n");
    std::fflush(stdout);
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    sigset_t of_others = signals;
    sigdelset(&of_others, kStoreFailed);
    pthread_sigmask(SIG_UNBLOCK, &of_others, nullptr);
    server.stop(std::chrono::seconds(10));
    return failed ? *opened : Result<void>();
}

Result<int> serve(const Program& program, const Config& config) {
    log::configure(config.log_level, config.log_json);
    for (const std::string& note : config.notes) log::warning("{}", note);
    // Blocked before the first thread starts, so that only the wait for them sees them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, kStoreFailed);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    server::ServerOptions options;
    options.listen = config.listen;
    if (!config.socket.empty()) options.socket = std::filesystem::absolute(config.socket);
    options.allowed_hosts = config.allowed_hosts;
    STENO_ASSIGN(options.api_keys, read_api_keys(config.api_key_file));
    raise_file_limit();
    STENO_ASSIGN(const auto parts, open_patiently(config));
    STENO_TRY(serve_until_told(program, config, *parts, std::move(options), signals));
    return 0;
}

}  // namespace

void add_serve(Program& program) {
    CLI::App* command = program.add(
        program.app, "serve", "Run the gateway, the API and the page on one data folder",
        "  steno serve\n"
        "  steno serve --data ./record --listen 127.0.0.1:8787\n"
        "  steno serve --upstream openai=https://api.openai.com --upstream local=http://127.0.0.1:8000\n");
    const auto flags = std::make_shared<ServeFlags>();
    command->add_option("--data", flags->data, "the folder of the record (default steno-data)");
    command->add_option("--listen", flags->listen,
                        "HOST:PORT (default 127.0.0.1:8787); port 0 takes a free one");
    command->add_option("--socket", flags->socket, "a Unix socket to listen on too, for this user alone");
    command->add_option("--upstream", flags->upstreams,
                        "NAME=URL: /NAME/rest goes to URL/rest; may be repeated");
    command->add_option("--api-key-file", flags->api_key_file,
                        "keys of those who may use the API, one a line; needed beyond loopback");
    command->add_flag("--yesterday", flags->yesterday,
                      "print at the start what yesterday's calls took and cost");
    command->callback([flags, &program] {
        program.run = [flags](Program& p) -> Result<int> {
            STENO_ASSIGN(const Config config, configure(p, *flags));
            return serve(p, config);
        };
    });
}

}  // namespace steno::cli
