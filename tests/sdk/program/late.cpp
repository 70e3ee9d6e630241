// Ends durable calls where little is left of a program: "late FOLDER" into a data folder, "late" for the server of the
// environment. A call is one that is described, or an exchange over HTTP.

#include <steno/http.hpp>
#include <steno/steno.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

void describe(const char* model, std::size_t size) {
    steno::AiCall call("openai", model);
    call.message("user", std::string(size, 'u')).output("answer");
}

void exchange(std::size_t size) {
    const std::string body = R"({"model":"exchange","messages":[{"role":"user","content":")" + std::string(size, 'u') + R"("}]})";
    steno::HttpExchange exchange({.url = "https://api.openai.com/v1/chat/completions",
                                  .headers = {{"content-type", "application/json"}},
                                  .body = body});
    exchange.response(200, {{"content-type", "application/json"}, {"x-ratelimit-limit-requests", "100"}});
    exchange.body(R"({"id":"x","model":"exchange","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},)"
                  R"("finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})");
    exchange.end();
}

/// Beside each call memory of the program's own, of sizes that the call's may have had, in which nobody else writes.
void some(const char* model) {
    for (std::size_t i = 0; i < 20; ++i) {
        const std::string before(300 + i * 37, 'q');
        describe(model, 500 + i * 40);
        const std::string after(400 + i * 41, 'q');
        exchange(300 + i * 53);
        if (before.find_first_not_of('q') != before.npos || after.find_first_not_of('q') != after.npos) std::abort();
    }
}

struct Late {
    const char* model = nullptr;
    ~Late() {
        if (model != nullptr) some(model);
    }
};
thread_local Late of_the_thread;  // made before the thread's first call, and so destroyed after what that left

Late& first() {
    static Late late;
    return late;
}
Late& last() {
    static Late late;
    return late;
}

}  // namespace

int main(int argc, char** argv) {
    first().model = "after recording";  // is destroyed after recording has ended: what it makes is lost, and no more
    steno::TrackingOptions options;
    if (argc > 1) options.data_folder = argv[1];
    options.durable = true;
    options.exit_patience = std::chrono::seconds{20};
    steno::start_tracking(options);
    last().model = "static";  // is destroyed before recording ends
    for (int i = 0; i < 2; ++i) {
        std::thread([] {
            of_the_thread.model = "thread_local";
            some("thread");
        }).join();
    }
    of_the_thread.model = "thread_local";
    some("main");
}
