// One chat call through Steno with libcurl. Only the base URL differs from calling the provider itself.
//
//   apt install g++ libcurl4-openssl-dev
//   g++ -std=c++17 chat.cpp -lcurl -o chat
//   OPENAI_BASE_URL=http://127.0.0.1:8787/openai/v1 OPENAI_API_KEY=… ./chat "When is the meeting?"
#include <cstdio>
#include <cstdlib>
#include <curl/curl.h>
#include <string>

namespace {

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* body) {
    static_cast<std::string*>(body)->append(bytes, size * count);
    return size * count;
}

/// The text as a JSON string.
std::string quoted(const std::string& text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        json += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return json + "\"";
}

}  // namespace

int main(int argc, char** argv) {
    const std::string question = argc > 1 ? argv[1] : "When is the meeting?";
    const std::string url =
        environment("OPENAI_BASE_URL", "http://127.0.0.1:8787/openai/v1") + "/chat/completions";
    const std::string body =
        R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":)" + quoted(question) + "}]}";

    curl_slist* headers = nullptr;
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers,
                                ("Authorization: Bearer " + environment("OPENAI_API_KEY", "none")).c_str());
    headers = curl_slist_append(headers, "x-steno-session: example-cpp");
    headers = curl_slist_append(headers, "x-steno-tags: example");

    std::string answer;
    CURL* request = curl_easy_init();
    curl_easy_setopt(request, CURLOPT_URL, url.c_str());
    curl_easy_setopt(request, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(request, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(request, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(request, CURLOPT_WRITEDATA, &answer);
    const CURLcode result = curl_easy_perform(request);
    long status = 0;
    curl_easy_getinfo(request, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(request);
    if (result != CURLE_OK) {
        std::fprintf(stderr, "%s\n", curl_easy_strerror(result));
        return 1;
    }
    std::printf("%s\n", answer.c_str());
    return status == 200 ? 0 : 1;
}
