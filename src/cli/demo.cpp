#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/demo_folder.hpp"
#include "cli/server_file.hpp"
#include "cli/terminal.hpp"
#include "net/http_client.hpp"
#include "simulator/demo_traffic.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace steno::cli {

namespace {

struct DemoFlags {
    RecordFlags record;
    double minutes = 1;
    unsigned parallel = 4;
    std::uint64_t seed = 1;
    DemoFolderFlags folder;
};

/// Demo calls cost nothing only at simulated providers, which live on loopback: nothing is sent unless all
/// three do.
Result<void> check_upstreams(Api& api) {
    STENO_ASSIGN(const std::string body, api.get("/api/v1/status"));
    simdjson::dom::parser parser;
    simdjson::dom::array upstreams;
    if (parser.parse(body)["upstreams"].get(upstreams) != simdjson::SUCCESS)
        return fail(Code::Internal, "the server's status names no upstreams");
    for (const simdjson::dom::element upstream : upstreams) {
        const std::string name = text_at(upstream, "/name");
        if (name != "openai" && name != "anthropic" && name != "gemini") continue;
        const auto url = net::BaseUrl::parse(text_at(upstream, "/url"));
        if (!url || !url->endpoint.is_loopback()) {
            return fail(
                Code::FailedPrecondition,
                "/" + name + " of this server leads to " + text_at(upstream, "/url") + ", not to a simulator",
                "run steno sim and start the server with the --upstream flags that it prints");
        }
    }
    return {};
}

/// Tells stories through the gateway until the time is over.
class Teller {
  public:
    Teller(net::BaseUrl gateway, std::uint64_t seed, std::int64_t deadline)
        : gateway_(std::move(gateway)), traffic_(seed), deadline_(deadline) {}

    void run(std::atomic<std::uint64_t>& sent, std::atomic<std::uint64_t>& unanswered) {
        while (system_clock().steady_nanos() < deadline_) tell(traffic_.next(), sent, unanswered);
    }

  private:
    void tell(const simulator::DemoStory& story, std::atomic<std::uint64_t>& sent,
              std::atomic<std::uint64_t>& unanswered) {
        std::vector<std::string> ids;
        for (const simulator::DemoRequest& step : story) {
            if (system_clock().steady_nanos() >= deadline_) return;
            net::RequestHead head;
            head.method = "POST";
            head.target = gateway_.path + "/" + step.provider + step.target;
            head.headers = step.headers;
            if (step.parent && *step.parent < ids.size() && !ids[*step.parent].empty()) {
                head.headers.set("x-steno-parent", ids[*step.parent]);
            }
            auto answer = net::fetch(gateway_, head, step.body);
            sent.fetch_add(1);
            if (!answer) unanswered.fetch_add(1);
            ids.emplace_back(answer ? answer->head.headers.get("x-steno-call-id").value_or("") : "");
        }
    }

    net::BaseUrl gateway_;
    simulator::DemoTraffic traffic_;
    std::int64_t deadline_;
};

Result<int> demo(const Program& program, const DemoFlags& flags) {
    RecordFlags record = flags.record;
    if (record.server.empty()) {
        STENO_ASSIGN(const Config config, program.config(record.data));
        const auto running = server_of(config.data_dir);
        if (!running && !record.data.empty()) {
            return fail(
                Code::FailedPrecondition, fmt::format("no server runs on {}", record.data),
                fmt::format("to record a demo into the folder itself: steno demo --data {} --calls 100000",
                            record.data));
        }
        record.server = running ? running->url : "http://" + config.listen.to_string();
    }
    STENO_ASSIGN(const auto api, Api::open(program, record));
    STENO_TRY(check_upstreams(*api));
    const auto gateway = net::BaseUrl::parse(record.server);
    const auto length = static_cast<std::int64_t>(flags.minutes * 60e9);
    const std::int64_t start = system_clock().steady_nanos();
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> unanswered{0};
    std::atomic<unsigned> telling{flags.parallel};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < flags.parallel; ++i) {
        threads.emplace_back([&, i] {
            Teller(*gateway, flags.seed + i, start + length).run(sent, unanswered);
            telling.fetch_sub(1);
        });
    }
    {
        Progress progress("demo traffic");
        while (telling.load() > 0) {
            progress.at(static_cast<std::uint64_t>(system_clock().steady_nanos() - start),
                        static_cast<std::uint64_t>(length));
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        for (std::thread& thread : threads) thread.join();
    }
    if (program.json) {
        fmt::print("{{\"sent\":{},\"unanswered\":{}}}\n", sent.load(), unanswered.load());
    } else {
        fmt::print(
            "{} demo calls went through {}{}\nlook at them: steno calls list --server {}, or in a browser\n",
            sent.load(), record.server,
            unanswered.load() > 0 ? fmt::format(", {} without an answer", unanswered.load()) : "",
            record.server);
    }
    return 0;
}

}  // namespace

void add_demo(Program& program) {
    CLI::App* command = program.add(program.app, "demo",
                                    "Record a demo into a data folder (--calls), or send demo traffic "
                                    "through a server with simulated upstreams",
                                    "  steno demo --data ./demo --calls 100000\n"
                                    "  steno demo --server http://127.0.0.1:8787 --minutes 1\n");
    const auto flags = std::make_shared<DemoFlags>();
    add_record_flags(*command, flags->record);
    command->add_option("--seed", flags->seed, "the same seed tells the same stories (default 1)");
    CLI::Option* calls =
        command->add_option("--calls", flags->folder.calls, "record so many calls into the new folder --data")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    command->add_option("--days", flags->folder.days, "over how many days the calls are spread (default 90)")
        ->check(CLI::Range(0.01, 3650.0))
        ->needs(calls);
    command->add_option("--until", flags->folder.until, "when the last day ends (RFC 3339; default: now)")
        ->needs(calls);
    command->add_option("--minutes", flags->minutes, "how long traffic is sent (default 1)")
        ->check(CLI::Range(0.01, 1440.0))
        ->excludes(calls);
    command->add_option("--parallel", flags->parallel, "stories told at the same time (default 4)")
        ->check(CLI::Range(1, 64))
        ->excludes(calls);
    command->callback([flags, &program] {
        program.run = [flags](Program& p) -> Result<int> {
            if (flags->folder.calls == 0) return demo(p, *flags);
            if (flags->record.data.empty() || !flags->record.server.empty())
                return fail(Code::InvalidArgument, "--calls records into a folder",
                            "name a new one: steno demo --data ./demo --calls 100000");
            flags->folder.data = flags->record.data;
            flags->folder.seed = flags->seed;
            return fill_demo_folder(p, flags->folder);
        };
    });
}

}  // namespace steno::cli
