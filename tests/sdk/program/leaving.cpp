// Exits while its threads go on making calls over HTTP.

#include <steno/http.hpp>
#include <steno/steno.hpp>

#include <atomic>
#include <string>
#include <thread>

int main() {
    static std::atomic<int> made{0};
    for (int i = 0; i < 4; ++i) {
        std::thread([] {
            while (true) {
                const std::string body = R"({"model":"m","messages":[{"role":"user","content":")" + std::string(3000, 'u') + R"("}]})";
                steno::HttpExchange exchange({.url = "https://api.openai.com/v1/chat/completions",
                                              .headers = {{"content-type", "application/json"}},
                                              .body = body});
                exchange.response(200, {{"content-type", "application/json"}});
                exchange.body(R"({"id":"x","model":"m","usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})");
                exchange.end();
                ++made;
            }
        }).detach();
    }
    while (made < 1000) std::this_thread::yield();
}
