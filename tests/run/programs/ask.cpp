// A program over libcurl: ask URL, with a question to a model; prints status and answer. It trusts what its
// library does.

#include <cstdio>
#include <curl/curl.h>
#include <string>

namespace {
std::size_t keep(char* bytes, std::size_t size, std::size_t count, void* into) {
    static_cast<std::string*>(into)->append(bytes, size * count);
    return size * count;
}
}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    CURL* const curl = curl_easy_init();
    std::string answer;
    curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Bearer sk-SECRETcurl0123456789");
    curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                     R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":"from libcurl"}]})");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    const CURLcode result = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    std::printf("%ld %s\n", status, result == CURLE_OK ? answer.c_str() : curl_easy_strerror(result));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return result == CURLE_OK ? 0 : 1;
}
