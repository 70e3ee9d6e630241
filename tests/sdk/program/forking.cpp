// A server with workers: "forking WORKERS COUNT". Records before it forks; each worker, and then it itself,
// records COUNT calls, from its main thread and a second one. Prints the id of each call once `end()` has
// returned. All wait for the end of standard input before they exit. "forking WORKERS COUNT early": it forks
// while another thread of its records first, and so begins all that recording needs.

#include <chrono>
#include <cstdio>
#include <steno/steno.hpp>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

void record(int count) {
    for (int number = 0; number < count; ++number) {
        steno::AiCall call("openai", "gpt-4o-mini");
        const std::string line = call.id() + "\n";
        call.message("user", "question").output("answer").usage({.input_tokens = number, .output_tokens = 1});
        call.end();
        if (::write(1, line.data(), line.size()) < 0) return;  // one write a line: several processes share it
    }
}

int work(int count) {
    std::thread second(record, count / 2);
    record(count - count / 2);
    second.join();
    const bool delivered = steno::flush(std::chrono::seconds{60});
    const steno::TrackingStats stats = steno::tracking_stats();
    if (!delivered || stats.dropped != 0 || stats.rejected != 0) {
        std::fprintf(stderr, "%s\n", steno::last_tracking_error().c_str());
        return 1;
    }
    if (::write(1, "all\n", 4) < 0) return 1;
    char byte = 0;
    while (::read(0, &byte, 1) > 0) {
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const int workers = std::stoi(argv[1]);
    const int count = std::stoi(argv[2]);
    steno::TrackingOptions options;
    options.durable = true;
    steno::start_tracking(options);
    auto* const first =
        new std::thread(record, 10);  // it is not in the children, where nothing may ask for it
    if (argc < 4) first->join();
    std::vector<pid_t> children;
    for (int i = 0; i < workers; ++i) {
        const pid_t child = ::fork();
        if (child == 0) return work(count);
        children.push_back(child);
    }
    if (first->joinable()) first->join();
    delete first;
    int failed = work(count);
    for (const pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        failed += status != 0 ? 1 : 0;
    }
    return failed;
}
