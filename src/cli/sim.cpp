#include "base/log.hpp"
#include "cli/command.hpp"
#include "net/loops.hpp"
#include "simulator/simulator.hpp"

#include <fmt/format.h>

#include <csignal>
#include <memory>

namespace steno::cli {

namespace {

struct SimFlags {
    std::string listen = "127.0.0.1:9000";
    std::uint64_t seed = 1;
    double speed = 1;
    std::int64_t created = 0;
};

Result<int> simulate(const SimFlags& flags) {
    const auto endpoint = net::Endpoint::parse(flags.listen);
    if (!endpoint) return fail(Code::InvalidArgument, "\"" + flags.listen + "\" is not HOST:PORT");
    if (!endpoint->is_loopback()) {
        return fail(Code::InvalidArgument, "the simulator listens on loopback only",
                    "--listen 127.0.0.1:9000");
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    net::Loops loops;
    simulator::SimulatorOptions options;
    options.seed = flags.seed;
    options.speed = flags.speed > 0 ? 1 / flags.speed : 0;
    options.created = flags.created == 0 ? std::nullopt : std::optional(flags.created);
    simulator::Simulator simulator(loops, options);
    loops.start();
    STENO_TRY(simulator.listen(*endpoint));
    const std::string url =
        fmt::format("http://{}", net::Endpoint{endpoint->host, simulator.port()}.to_string());
    fmt::print(
        "simulated providers, no key needed:\n  OpenAI    {0}/openai\n  Anthropic {0}/anthropic\n  Gemini    "
        "{0}/gemini\n\n"
        "record them:\n  steno serve --upstream openai={0}/openai --upstream anthropic={0}/anthropic "
        "--upstream gemini={0}/gemini\n",
        url);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    simulator.stop();
    loops.stop();
    return 0;
}

}  // namespace

void add_sim(Program& program) {
    CLI::App* command = program.add(
        program.app, "sim", "Run simulated providers that speak the real wire formats",
        "  steno sim --listen 127.0.0.1:9000 --seed 1\n"
        "Steered by x-sim-* request headers or [sim key=value] in the prompt: docs/simulator.md\n");
    const auto flags = std::make_shared<SimFlags>();
    command->add_option("--listen", flags->listen,
                        "HOST:PORT on loopback (default 127.0.0.1:9000); port 0 takes a free one");
    command->add_option("--seed", flags->seed, "the same seed and request give the same answer (default 1)");
    command->add_option("--speed", flags->speed, "1: as real models; 10: ten times as fast; 0: at once");
    command->add_option("--created", flags->created,
                        "when OpenAI's answers say they were made, in seconds since 1970 (default: now)");
    command->callback([flags, &program] { program.run = [flags](Program&) { return simulate(*flags); }; });
}

}  // namespace steno::cli
