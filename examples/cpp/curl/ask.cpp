// A question to a model with libcurl, its answer shown as it comes, recorded by Steno's C++ SDK. Of the
// program that it was before, one line is another: steno::curl::perform for curl_easy_perform.
//
//   steno serve                       (another terminal)
//   cmake -G Ninja -B build && cmake --build build && OPENAI_API_KEY=… ./build/ask "When is the meeting?"
//   steno calls list

#include <cstdlib>
#include <iostream>
#include <steno/curl.hpp>
#include <steno/steno.hpp>
#include <string>

namespace {

std::string environment(const char* name, const char* otherwise) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

/// Shows the answer's events as they are.
std::size_t show(char* bytes, std::size_t, std::size_t size, void*) {
    std::cout.write(bytes, static_cast<std::streamsize>(size)).flush();
    return size;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string question = argc > 1 ? argv[1] : "When is the meeting?";
    const std::string base = environment("OPENAI_BASE_URL", "https://api.openai.com/v1");
    const std::string url = base + "/chat/completions";
    const std::string key = "Authorization: Bearer " + environment("OPENAI_API_KEY", "none");
    const std::string body =
        R"({"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true},)"
        R"("messages":[{"role":"user","content":")" +
        question + R"("}]})";

    curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
    headers = curl_slist_append(headers, key.c_str());
    CURL* const request = curl_easy_init();
    curl_easy_setopt(request, CURLOPT_URL, url.c_str());
    curl_easy_setopt(request, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(request, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(request, CURLOPT_WRITEFUNCTION, &show);

    const steno::ContextScope session(steno::Context().with_session("example-cpp-curl").with_tag("example"));
    const CURLcode result = steno::curl::perform(request, {.provider = "openai", .base_url = base});

    if (result != CURLE_OK) std::cerr << curl_easy_strerror(result) << "\n";
    curl_easy_cleanup(request);
    curl_slist_free_all(headers);
    if (!steno::flush()) std::cerr << "not delivered yet: " << steno::last_tracking_error() << "\n";
    return result == CURLE_OK ? 0 : 1;
}
