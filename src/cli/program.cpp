#include "cli/program.hpp"

#include "base/log.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"
#include "sql/runner.hpp"
#include "sql/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace steno::cli {

Result<Config> Program::config(const std::string& data) const {
    STENO_ASSIGN(Config config, load_config(config_file));
    if (!data.empty()) STENO_TRY(set(config, "data.dir", data, "--data"));
    return config;
}

CLI::App* Program::add(CLI::App& parent, const std::string& name, const std::string& help,
                       const std::string& examples) {
    CLI::App* command = parent.add_subcommand(name, help);
    if (!examples.empty()) command->footer("\nExamples:\n" + examples);
    command->add_flag("--json", json, "print JSON, for programs");
    return command;
}

namespace {
constexpr int kReaderHasGone = 141;  // as a shell reports a program that SIGPIPE ended

/// Says it on standard error; returns the exit code.
int report(const Error& error) {
    const bool colour = isatty(STDERR_FILENO) != 0;
    fmt::print(stderr, "{}error:{} {}\n", colour ? "\033[31m" : "", colour ? "\033[0m" : "",
               printable(error.message));
    std::string_view remedy = error.remedy;
    for (bool first = true; !remedy.empty(); first = false) {
        const std::size_t end = std::min(remedy.find('\n'), remedy.size());
        const std::string line = printable(remedy.substr(0, end));
        if (first) {
            fmt::print(stderr, "{}try:{}   {}\n", colour ? "\033[36m" : "", colour ? "\033[0m" : "", line);
        } else {
            fmt::print(stderr, "       {}\n", line);
        }
        remedy.remove_prefix(std::min(end + 1, remedy.size()));
    }
    return facts_of(error.code).exit_code;
}

/// How many of the arguments are ours. Those behind the `--` of a `run` are another program's: they are taken
/// as they are, while the parser would read "[a,b]" as a list.
int argc_of_ours(int argc, char** argv, std::vector<std::string>& behind_dashes) {
    const std::span<char* const> all(argv, static_cast<std::size_t>(argc));
    const auto dashes = std::ranges::find(all, std::string_view("--"),
                                          [](const char* text) { return std::string_view(text); });
    const auto is_run = [](const char* text) { return std::string_view(text) == "run"; };
    if (dashes == all.end() || std::none_of(all.begin(), dashes, is_run)) return argc;
    behind_dashes.assign(dashes + 1, all.end());
    return static_cast<int>(dashes - all.begin());
}

/// "steno help cost" is "steno cost --help"; "steno help costs" fails as "steno costs" does.
std::vector<char*> with_help_behind(const CLI::App& app, int argc, char** argv) {
    static char help[] = "--help";
    std::vector<char*> words(argv, argv + argc);
    if (words.size() < 2 || std::string_view(words[1]) != "help") return words;
    words.erase(words.begin() + 1);
    const CLI::App* command = &app;
    for (const std::string_view word : std::span(words).subspan(1)) {
        const auto named =
            command->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == word; });
        if (named.empty()) break;
        command = named.front();
    }
    // Behind a command nothing but its help: what was asked about must not be done.
    std::size_t depth = 1;
    for (const CLI::App* one = command; one != &app; one = one->get_parent()) ++depth;
    const bool unknown = command == &app && words.size() > 1;
    words.resize(unknown ? 2 : depth);
    if (!unknown) words.push_back(help);
    return words;
}

/// Who was started with a standard stream closed must not find a file of the record in its place.
void keep_standard_streams() {
    while (true) {
        const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0 || fd > STDERR_FILENO) {
            if (fd >= 0) close(fd);
            return;
        }
    }
}

}  // namespace

int run_program(int argc, char** argv) {
    // Not one of our commands: what this program starts itself for a SQL query.
    if (argc == 2 && std::string_view(argv[1]) == sql::kWorkerCommand) return sql::run_worker(STDIN_FILENO);
    keep_standard_streams();
    Program program;
    // A reader that leaves early (| head) ends us quietly through the failed write, not by a signal in a
    // server.
    program.inherited.ignores_broken_pipe = std::signal(SIGPIPE, SIG_IGN) == SIG_IGN;
    // A file beyond its allowed size is an error of one write, not the end of the gateway.
    program.inherited.ignores_file_size = std::signal(SIGXFSZ, SIG_IGN) == SIG_IGN;
    // What people said to a model is nobody else's business: no file of ours is for others.
    program.inherited.file_mask = umask(077);
    program.app.set_version_flag("--version", std::string("steno ") + STENO_VERSION);
    program.app.add_option("--config", program.config_file,
                           "configuration file (default: steno.toml, if it is there)");
    program.app.require_subcommand(1);
    program.app.fallthrough();
    program.app.footer(
        "\nFirst steps:\n  steno serve --data ./record      then point a client's base URL at it\n"
        "  steno calls list                 what was recorded\n"
        "  steno help COMMAND               options and examples of a command\n");
    for (const auto add :
         {add_serve,   add_run,          add_calls,  add_stats,   add_top,     add_slow,        add_errors,
          add_quality, add_live,         add_cost,   add_budgets, add_prompts, add_experiments, add_compare,
          add_trends,  add_suggest,      add_report, add_daily,   add_sql,     add_trace,       add_limits,
          add_alerts,  add_prompt_types, add_replay, add_prices,  add_verify,  add_journal,     add_config,
          add_sim,     add_demo,         add_doctor}) {
        add(program);
    }
    try {
        std::vector<char*> words = with_help_behind(program.app, argc, argv);
        program.app.parse(argc_of_ours(static_cast<int>(words.size()), words.data(), program.behind_dashes),
                          words.data());
    } catch (const CLI::Success& help) {
        return program.app.exit(help);
    } catch (const CLI::ParseError& error) {
        return report(usage_error(program.app, error));
    }
    Result<int> done = 0;
    try {
        done = program.run(program);
        if (done && std::fflush(stdout) != 0) {
            if (errno == EPIPE) return kReaderHasGone;
            done = fail(Code::Unavailable, "the output cannot be written");
        }
    } catch (const std::system_error& error) {
        if (error.code() == std::errc::broken_pipe) return kReaderHasGone;
        done = fail(Code::Unavailable, error.what());
    } catch (const std::exception& error) {
        done = fail(Code::Internal, error.what());
    }
    return done ? *done : report(done.error());
}

}  // namespace steno::cli
