// Records calls, from several threads, and prints the id of each once it has ended, that is, once the SDK has
// it. "recording COUNT [durable]"; waits for a line on standard input before it delivers the rest and ends.

#include <steno/steno.hpp>

#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::stoi(argv[1]) : 100;
    steno::TrackingOptions options;
    options.durable = argc > 2 && std::string(argv[2]) == "durable";
    options.interval = std::chrono::milliseconds{5};
    steno::start_tracking(options);

    std::mutex printing;
    std::atomic<int> next{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int number = next++; number < count; number = next++) {
                steno::AiCall call("openai", "gpt-4o-mini");
                const std::string id = call.id();
                call.message("user", "question " + std::to_string(number));
                call.output("answer").usage({.input_tokens = number, .output_tokens = 1});
                call.end();
                const std::lock_guard lock(printing);
                std::cout << id << std::endl;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::cout << "all" << std::endl;
    std::string line;
    std::getline(std::cin, line);
    const bool delivered = steno::flush(std::chrono::seconds{120});
    const steno::TrackingStats stats = steno::tracking_stats();
    std::cout << "delivered " << delivered << " ended " << stats.ended << " dropped " << stats.dropped << " rejected "
              << stats.rejected << " " << steno::last_tracking_error() << std::endl;
    return delivered && stats.dropped == 0 && stats.rejected == 0 ? 0 : 1;
}
