#include "base/log.hpp"
#include "base/random.hpp"
#include "base/shell_word.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "cli/command.hpp"
#include "cli/composition.hpp"
#include "cli/run_summary.hpp"
#include "cli/server_file.hpp"
#include "cli/terminal.hpp"
#include "intercept/authority.hpp"
#include "intercept/child.hpp"
#include "intercept/environment.hpp"
#include "intercept/front.hpp"
#include "intercept/java.hpp"
#include "intercept/run_folder.hpp"
#include "intercept/survivors.hpp"
#include "intercept/trust.hpp"
#include "io/file_system.hpp"
#include "providers/hosts.hpp"
#include "providers/provider.hpp"
#include "server/server.hpp"
#include "sources/native/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

/// In the environment of the program: that its calls are seen to. A run within a run leaves them to the outer
/// one, as long as that goes on; else it sets back what that had set.
constexpr const char* kRunVariable = "STENO_RUN";
constexpr const char* kChangesVariable = "STENO_RUN_CHANGED";
/// By which Steno's SDKs know where to deliver.
constexpr const char* kServerVariable = "STENO_SERVER";
constexpr std::chrono::seconds kGrace{2};      ///< for calls that outlive the program
constexpr std::chrono::seconds kPatience{10};  ///< for all that the summary asks the server
constexpr int kCannotRun = 126;                ///< as shells say it
constexpr int kNoProgram = 127;

struct RunFlags {
    std::vector<std::string> command;
    std::string data, server, api_key_file, json_file;
    std::vector<std::string> upstreams;
    bool quiet = false;
    bool no_proxy = false;
    bool java = false;
    bool wait = false;
    /// Flags of a run of its own, which say nothing within another.
    [[nodiscard]] bool any_of_its_own() const {
        return !data.empty() || !server.empty() || !json_file.empty() || !upstreams.empty() || wait;
    }
};

/// Where the calls are recorded: a server that runs already, or one of our own for as long as the program
/// runs, on a Unix socket that only this user can reach.
class Recording {
  public:
    static Result<std::unique_ptr<Recording>> begin(const Config& config, const RunFlags& flags) {
        auto recording = std::make_unique<Recording>();
        if (!flags.server.empty()) {
            STENO_TRY(recording->use(flags.server));
            recording->where_ = flags.server;
            return recording;
        }
        recording->where_ = config.data_dir;
        auto parts = Composition::open(config, Composition::Use::Record);
        if (parts) {
            recording->parts_ = std::move(*parts);
            STENO_TRY(recording->serve(config));
            return recording;
        }
        if (parts.error().code != Code::FailedPrecondition) return std::unexpected(std::move(parts).error());
        STENO_ASSIGN(const ServerNote note, server_of(config.data_dir));
        if (note.ends_with_a_program) {
            return fail(Code::FailedPrecondition, "another steno run is recording into " + config.data_dir,
                        "start one server for both: steno serve --data " + config.data_dir +
                            "\nor give this run a folder of its own: --data DIR");
        }
        STENO_TRY(recording->use(note.url));
        return recording;
    }
    ~Recording() {
        if (server_) server_->stop(kGrace);
    }

    [[nodiscard]] const net::BaseUrl& url() const { return url_; }
    [[nodiscard]] const std::string& where() const { return where_; }
    [[nodiscard]] bool is_own() const { return parts_ != nullptr; }

  private:
    Result<void> use(const std::string& text) {
        const auto url = net::BaseUrl::parse_server(text);
        if (!url)
            return fail(Code::InvalidArgument, "that is no URL of a server",
                        "such as http://127.0.0.1:8787 or unix:/run/steno.sock");
        url_ = *url;
        return {};
    }
    Result<void> serve(const Config& config) {
        server::ServerOptions options;
        STENO_ASSIGN(options.listen.host, folder_.place("server"));
        options.listen.port = 0;
        server_.emplace(parts_->loops(), parts_->services(options.listen.to_string()), options);
        STENO_TRY(server_->listen());
        STENO_TRY(use(options.listen.to_string()));
        file_.emplace(config.data_dir, ServerNote{.url = url_.to_string(), .ends_with_a_program = true});
        if (config.store_feed) parts_->custodian().start();
        return {};
    }

    net::BaseUrl url_;
    std::string where_;
    std::unique_ptr<Composition> parts_;
    intercept::RunFolder folder_;
    std::optional<server::Server> server_;
    std::optional<ServerFile> file_;
};

/// The gateway's name and the rest of the path for a base URL that the user has set.
std::optional<intercept::NamedUrl> name_of(const Config& config, const Recording& recording,
                                           std::string_view text) {
    const auto url = net::BaseUrl::parse(text);
    if (!url) return std::nullopt;
    const auto same = [&url](const net::BaseUrl& other) {
        return url->tls == other.tls && url->endpoint.port == other.endpoint.port &&
               url->endpoint.host == other.endpoint.host && (url->path + "/").starts_with(other.path + "/");
    };
    if (same(recording.url())) {
        const std::string_view path =
            std::string_view(url->path).substr(std::min<std::size_t>(1, url->path.size()));
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0)
            return intercept::NamedUrl{std::string(path.substr(0, end)), std::string(path.substr(end))};
    }
    if (recording.is_own()) {
        for (const auto& [name, upstream] : config.upstreams) {
            if (same(upstream)) return intercept::NamedUrl{name, url->path.substr(upstream.path.size())};
        }
    }
    for (const providers::ProviderRow& row : providers::provider_table()) {
        const auto usual = net::BaseUrl::parse(row.default_url);
        if (usual && same(*usual))
            return intercept::NamedUrl{std::string(row.upstream), url->path.substr(usual->path.size())};
    }
    const std::string_view upstream = providers::upstream_of_host(url->endpoint.host);
    if (upstream.empty() || !url->tls || url->endpoint.port != 443) return std::nullopt;
    return intercept::NamedUrl{fmt::format("{}@{}", upstream, url->endpoint.host), url->path};
}

/// Where the gateway of a server of our own leads.
std::optional<net::BaseUrl> upstream_of(const Config& config, std::string_view name) {
    if (const auto found = config.upstreams.find(std::string(name)); found != config.upstreams.end())
        return found->second;
    return net::BaseUrl::parse(providers::find_provider(name).default_url);
}

/// Where the SDKs of the program deliver what they record: into the run's record, unless it has a server for
/// that already.
void set_server(intercept::Environment& environment, const std::string& front, const Recording& recording,
                RunFacts& facts) {
    const std::string_view given = environment.get(kServerVariable);
    const auto server = net::BaseUrl::parse_server(given);
    if (given.empty() || (server && server->to_string() == recording.url().to_string())) {
        environment.set(kServerVariable, front);
    } else {
        facts.not_recorded[kServerVariable] =
            "names another server: what the program's SDK records goes there";
    }
}

Result<intercept::Authority> make_authority() {
    std::vector<std::string> names;
    for (const providers::ProviderHost& host : providers::provider_hosts())
        names.emplace_back(host.name.starts_with('.') ? host.name.substr(1) : host.name);
    return intercept::Authority::make(names);
}

/// The flags by which `steno calls` finds the record that a run wrote to.
std::string flags_to(const RunFlags& flags, const Config& config, const std::string& key_file) {
    const auto by_itself = load_config({});
    std::string text;
    if (!flags.server.empty()) {
        text = " --server " + shell_word(flags.server);
        if (!key_file.empty()) text += " --api-key-file " + shell_word(key_file);
        return text;
    }
    if (!by_itself || by_itself->data_dir != config.data_dir) text = " --data " + shell_word(config.data_dir);
    if (!key_file.empty() && (!by_itself || by_itself->api_key_file != key_file))
        text += " --api-key-file " + shell_word(key_file);
    return text;
}

std::string_view words(intercept::Front::Reason reason) {
    switch (reason) {
        case intercept::Front::Reason::NotTrusted:
            return "the program did not accept the certificate of this run, so it was left alone; a base URL "
                   "leads it here";
        case intercept::Front::Reason::OwnTrust:
            return "the program's HTTP library trusts a list of its own, so it was left alone; a base URL "
                   "leads it here";
        case intercept::Front::Reason::Java:
            return "Java trusts a list of its own, so it was left alone; --java makes it trust this run";
        case intercept::Front::Reason::NotHttp1:
            return "the program speaks HTTP/2 alone, or no HTTP, so it was left alone";
        case intercept::Front::Reason::GivenUp:
            return "the program closed its connection within the TLS handshake; most likely it does not "
                   "accept "
                   "the certificate of this run";
        case intercept::Front::Reason::TooLarge:
            return "larger than gateway.max_body_bytes, so passed on unread";
    }
    return "";
}

/// "2 connections of wget: the program did not …".
std::string told_of(const intercept::Front::PassedOn& passed) {
    const bool requests = passed.reason == intercept::Front::Reason::TooLarge;
    std::string text =
        counted(grouped(static_cast<std::int64_t>(passed.times)), requests ? "request" : "connection");
    if (!passed.program.empty()) text += " of " + passed.program;
    return text + ": " + std::string(words(passed.reason));
}

/// On standard error, if somebody reads it: whether or not, the exit code is the program's.
void say(std::string_view text) {
    (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

void tell(const RunFlags& flags, const RunSummary& summary) {
    if (!flags.quiet) say(summary.text);
    if (flags.json_file.empty()) return;
    // In its place, not beside it and renamed: it may be a pipe, a device or a link.
    std::ofstream file(flags.json_file, std::ios::binary | std::ios::trunc);
    file << summary.json << std::flush;
    if (!file) say(fmt::format("steno: {} cannot be written\n", flags.json_file));
}

/// A program that did not even start: its exit code, as shells and env(1) choose it.
int refused(const Error& error) {
    say(fmt::format("steno: {}\n", error.message));
    return error.code == Code::NotFound ? kNoProgram : kCannotRun;
}

/// The line that a run within a run has to say, if any.
void tell_of_outer_run(const RunFlags& flags) {
    if (flags.quiet || !flags.any_of_its_own()) return;
    say("steno: within another steno run, which records these calls and sums them up; --data, --server, "
        "--json, --upstream and --wait are for the outer one\n");
}

std::vector<std::string> still_running(const std::string& front) {
    std::vector<std::string> names;
    for (const auto& [pid, name] : intercept::processes_with(kRunVariable, front))
        names.push_back(fmt::format("{} ({})", name, pid));
    return names;
}

/// Whether the patience with a server has ended that begins now.
std::function<bool()> patience() {
    return [until = std::chrono::steady_clock::now() + kPatience] {
        return std::chrono::steady_clock::now() > until;
    };
}

/// Our connections to the providers stand in for the program's, which trusts these, too: a proxy that looks
/// into TLS has its authority among them.
Result<void> trust_as_user(Config& config, const intercept::Environment& environment,
                           intercept::RunFolder& folder) {
    intercept::Certificates trusted = intercept::trusted_by_user(environment);
    if (trusted.empty()) return {};
    if (!config.ca_file.empty()) {
        STENO_ASSIGN(const std::string own, io::read_file(io::posix_file_system(), config.ca_file, 16 << 20));
        trusted.add(own);
    }
    STENO_ASSIGN(config.ca_file, folder.add("trusted.pem", trusted.text()));
    return {};
}

/// Nobody but the program is to learn how the run went: what goes wrong with the summary is a line, no exit
/// code.
Result<intercept::Ending> run_recorded(const RunFlags& flags, intercept::Child& child,
                                       intercept::Environment environment, Config config,
                                       const std::optional<net::Proxy>& proxy) {
    raise_file_limit();
    intercept::RunFolder folder;
    STENO_TRY(trust_as_user(config, environment, folder));
    STENO_ASSIGN(const auto recording, Recording::begin(config, flags));
    if (!recording->is_own() && !flags.upstreams.empty()) {
        return fail(Code::FailedPrecondition, "a server records into this folder, and its upstreams hold",
                    "give --upstream to steno serve");
    }
    const std::string key_file = flags.api_key_file.empty() ? config.api_key_file : flags.api_key_file;
    STENO_ASSIGN(const auto keys, read_api_keys(recording->is_own() ? "" : key_file));

    RecordFlags record;
    record.server = recording->url().to_string();
    record.api_key_file = recording->is_own() ? "" : key_file;
    if (!recording->is_own()) {  // one that does not answer, or not us, would refuse the program's calls
        STENO_ASSIGN(const auto server, Api::open_until(record, patience()));
        STENO_TRY(server->get("/api/v1/status"));
    }

    RunFacts facts;
    facts.id = Uuid::at(system_clock().now().unix_nanos, system_random()).to_string();
    facts.where = recording->where();
    facts.flags = flags_to(flags, config, record.api_key_file);
    intercept::FrontOptions options;
    options.server = recording->url();
    options.headers.add("x-steno-attributes", fmt::format("{{\"{}\":\"{}\"}}", kRunAttribute, facts.id));
    if (!keys.empty()) options.headers.add("x-steno-api-key", keys.front());
    options.max_body_bytes = static_cast<std::uint64_t>(config.max_body_bytes);
    options.max_delivery_bytes = native::kMaxBody;
    options.proxy = proxy;
    if (recording->is_own())
        options.upstream_of = [&config](std::string_view name) { return upstream_of(config, name); };

    intercept::Certificates trusted;
    std::optional<intercept::Authority> authority;
    if (!flags.no_proxy) {
        STENO_ASSIGN(intercept::Authority made, make_authority());
        authority.emplace(std::move(made));
        STENO_ASSIGN(trusted, intercept::set_trust(environment, authority->certificate(), folder));
        if (trusted.empty()) {
            authority.reset();
            facts.not_recorded["what has no base URL"] =
                "this machine has no bundle of certificates that the run's could be added to";
        }
    }
    options.authority = authority ? &*authority : nullptr;
    options.java = flags.java;

    net::Loops loops(static_cast<unsigned>(config.loops));
    net::HttpClient::Options client_options;
    client_options.ca_file = config.ca_file;
    client_options.proxy = proxy;
    net::HttpClient client(loops, std::move(client_options));
    intercept::Front front(loops, client, std::move(options));
    loops.start();
    STENO_TRY(front.listen());
    for (const std::string& variable :
         intercept::set_base_urls(environment, front.url(), flags.command.front(),
                                  [&](std::string_view url) { return name_of(config, *recording, url); })) {
        facts.not_recorded[variable] = "names a host that is no provider's; --upstream NAME=URL makes it one";
    }
    if (authority) {
        intercept::set_proxy(environment, front.url());
        if (flags.java) {
            STENO_ASSIGN(const bool led_here,
                         intercept::set_java(environment, front.url(), trusted.text(), folder));
            if (!led_here)
                facts.not_recorded["java"] =
                    "its options name a proxy (https.proxyHost, https.proxyPort), which goes on to hold: its "
                    "calls are not seen, but those by a base URL";
        } else if (std::filesystem::path(flags.command.front()).filename() == "java") {
            facts.not_recorded["java"] =
                "Java heeds no proxy variable, so its calls are not seen, but those by a base URL; --java";
        }
    }
    set_server(environment, front.url(), *recording, facts);
    environment.set(kRunVariable, front.url());
    environment.set(kChangesVariable, environment.changes());

    const std::int64_t started = system_clock().steady_nanos();
    child.start(environment.lines());
    STENO_ASSIGN(const intercept::Ending ending, child.wait());
    if (flags.wait) {
        bool told = flags.quiet;
        intercept::Child::wait_on([&] {
            const auto names = still_running(front.url());
            if (!names.empty() && !std::exchange(told, true))
                say(fmt::format("steno: waiting for {} (Ctrl-C: no longer)\n",
                                printable(fmt::format("{}", fmt::join(names, ", ")))));
            return names.empty();
        });
    }
    // What the terminal has said to the program was not meant for the summary.
    (void)intercept::Child::told_to_end();
    facts.nanos = system_clock().steady_nanos() - started;
    front.stop(kGrace);
    loops.stop();
    facts.still_running = still_running(front.url());
    for (const auto& passed : front.passed_on()) {
        std::string& text = facts.not_recorded[passed.host];
        text += (text.empty() ? "" : "; ") + told_of(passed);
    }

    auto api =
        Api::open_until(record, [late = patience()] { return late() || intercept::Child::told_to_end(); });
    auto summary = api ? summarise_run(**api, facts) : std::unexpected(std::move(api).error());
    if (summary) {
        tell(flags, *summary);
    } else {
        say(fmt::format("steno: the calls are recorded, but cannot be summed up: {}\n",
                        summary.error().message));
    }
    return ending;
}

Result<int> run(Program& program, RunFlags flags) {
    if (!flags.command.empty() && !program.behind_dashes.empty()) flags.command.emplace_back("--");
    std::ranges::copy(program.behind_dashes, std::back_inserter(flags.command));
    if (flags.command.empty())
        return fail(Code::InvalidArgument, "steno run needs a program", "steno run -- python3 agent.py");
    STENO_ASSIGN(Config config, program.config(flags.data));
    for (const std::string& upstream : flags.upstreams)
        STENO_TRY(add_upstream(config, upstream, "--upstream"));
    log::configure(std::max(config.log_level, log::Level::Warning), config.log_json);
    intercept::Environment environment(environ);
    const std::string outer(environment.get(kRunVariable));
    const bool within_a_run = !outer.empty() && intercept::front_answers(outer);
    if (within_a_run) {
        tell_of_outer_run(flags);
    } else if (!outer.empty()) {
        environment.undo(std::string(environment.get(kChangesVariable)));
        if (!flags.quiet)
            say("steno: the steno run that this shell is from has ended; this is one of its own\n");
    }
    std::optional<net::Proxy> proxy;
    if (const std::string url(intercept::other_proxy(environment)); !url.empty() && !within_a_run) {
        const std::string exempt(intercept::proxy_exempt(environment));
        proxy = net::Proxy::parse(url, exempt);
        if (!proxy) {
            return fail(
                Code::FailedPrecondition,
                "https_proxy names a proxy that steno run cannot go through: it can through http://… alone",
                "unset it (https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY), if there is a way without it");
        }
        if (config.proxy.empty()) {
            STENO_TRY(set(config, "gateway.proxy", url, "https_proxy"));
            STENO_TRY(set(config, "gateway.no_proxy", exempt, "no_proxy"));
        }
    }
    STENO_ASSIGN(intercept::Child child, intercept::Child::make(flags.command, program.inherited));
    Result<intercept::Ending> ending;
    if (within_a_run) {
        child.start(environment.lines());
        ending = child.wait();
    } else {
        ending = run_recorded(flags, child, std::move(environment), config, proxy);
    }
    if (!ending) {
        if (child.was_refused()) return refused(ending.error());
        return std::unexpected(std::move(ending).error());
    }
    return intercept::end_likewise(*ending);
}

}  // namespace

void add_run(Program& program) {
    CLI::App* command = program.app.add_subcommand("run", "Run any program, and record its AI calls");
    command->footer(
        "\nExamples:\n"
        "  steno run -- python3 agent.py\n"
        "  steno run --data ./record -- node agent.mjs --verbose\n"
        "  steno run --quiet --json run.json -- ./agent\n");
    const auto flags = std::make_shared<RunFlags>();
    command->add_option("--data", flags->data,
                        "the folder of the record (default steno-data); its server is used if one runs");
    command->add_option("--server", flags->server, "URL of a running server, instead of a folder");
    command->add_option("--api-key-file", flags->api_key_file, "file with the server's key, if it wants one");
    // One value each, so that the -- behind the last of them is that of the program.
    command->add_option("--upstream", flags->upstreams, "NAME=URL, as for steno serve; may be repeated")
        ->allow_extra_args(false);
    command->add_flag("--no-proxy", flags->no_proxy, "set base URLs only: nothing is intercepted");
    command->add_flag("--java", flags->java,
                      "record programs on Java, too: each Java says \"Picked up JAVA_TOOL_OPTIONS\" then");
    command->add_flag("--wait", flags->wait,
                      "go on until the last process that the program has left behind has ended");
    command->add_flag("--quiet", flags->quiet, "no summary at the end");
    command->add_option("--json", flags->json_file, "write the summary to this file, as JSON");
    command->add_option("command", flags->command, "the program and its arguments, behind --");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return run(p, *flags); }; });
}

}  // namespace steno::cli
