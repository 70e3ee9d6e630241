// One request with libcurl, set up as programs do it, recorded by steno/curl.hpp, or not ("--how plain").
// Prints what the program's own callbacks saw: the answer's status and body, and the error. Arguments in
// pairs:
//   --url, --body (@FILE: what is in it), --header (again and again), --provider, --base-url, --request-body
//   (Options')
//   --how easy | multi | plain | debug (with a debug callback of its own) | silent (the same, with
//   CURLOPT_VERBOSE off)
//   --timeout MS, --decode 1 (CURLOPT_ACCEPT_ENCODING), --upload 1 (through a read callback, chunked),
//   --flush MS (how long it waits for the delivery, at its end; 0: not at all),
//   --http2 1 (without TLS), --fail-on-error 1, --stop-after BYTES (its write callback refuses), --times N
//   (on one handle)

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <steno/curl.hpp>
#include <steno/steno.hpp>
#include <string>
#include <vector>

namespace {

struct Seen {
    std::string body;
    std::string heads;
    std::size_t stop_after = std::string::npos;
    std::string upload;
    std::size_t uploaded = 0;
    std::size_t traced = 0;
};

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* seen) {
    auto& mine = *static_cast<Seen*>(seen);
    mine.body.append(bytes, size);
    return mine.body.size() > mine.stop_after ? 0 : size;
}
std::size_t on_head(char* bytes, std::size_t, std::size_t size, void* seen) {
    static_cast<Seen*>(seen)->heads.append(bytes, size);
    return size;
}
std::size_t on_upload(char* room, std::size_t, std::size_t size, void* seen) {
    auto& mine = *static_cast<Seen*>(seen);
    const std::size_t count = std::min({size, mine.upload.size() - mine.uploaded, std::size_t{50}});
    mine.upload.copy(room, count, mine.uploaded);
    mine.uploaded += count;
    return count;
}
int on_trace(CURL*, curl_infotype, char*, std::size_t size, void* seen) {
    static_cast<Seen*>(seen)->traced += size;
    return 0;
}

CURLcode perform_in_multi(CURL* handle, const steno::curl::Options& options, std::string& id) {
    steno::curl::Recorded recorded(handle, options);
    CURLM* const multi = curl_multi_init();
    curl_multi_add_handle(multi, handle);
    CURLcode result = CURLE_OK;
    for (int running = 1; running != 0;) {
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
        int left = 0;
        while (const CURLMsg* const message = curl_multi_info_read(multi, &left)) {
            if (message->msg == CURLMSG_DONE) result = message->data.result;
        }
    }
    recorded.end(result);
    id = recorded.id();
    curl_multi_remove_handle(multi, handle);
    curl_multi_cleanup(multi);
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> flags;
    curl_slist* headers = nullptr;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::string(argv[i]) == "--header") {
            headers = curl_slist_append(headers, argv[i + 1]);
        } else {
            flags[argv[i] + 2] = argv[i + 1];
        }
    }
    const std::string how = flags["how"];
    if (flags["body"].substr(0, 1) == "@") {
        std::ifstream file(flags["body"].substr(1), std::ios::binary);
        flags["body"].assign(std::istreambuf_iterator<char>(file), {});
    }
    Seen seen;
    if (flags.count("stop-after") != 0) seen.stop_after = std::stoul(flags["stop-after"]);

    CURL* const handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, flags["url"].c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &seen);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_head);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &seen);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (flags.count("timeout") != 0)
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, std::stol(flags["timeout"]));
    // As the curl program does.
    if (const char* const bundle = std::getenv("CURL_CA_BUNDLE"))
        curl_easy_setopt(handle, CURLOPT_CAINFO, bundle);
    if (flags.count("http2") != 0)
        curl_easy_setopt(handle, CURLOPT_HTTP_VERSION,
                         static_cast<long>(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    if (flags.count("decode") != 0) curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
    if (flags.count("fail-on-error") != 0) curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    if (flags.count("upload") != 0) {
        headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
        seen.upload = flags["body"];
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_READFUNCTION, &on_upload);
        curl_easy_setopt(handle, CURLOPT_READDATA, &seen);
    } else if (!flags["body"].empty()) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, flags["body"].c_str());
    }
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);

    steno::curl::Options options;
    options.provider = flags["provider"];
    options.base_url = flags["base-url"];
    options.request_body = flags["request-body"];
    if (how == "debug" || how == "silent") {
        options.debug = &on_trace;
        options.debug_data = &seen;
        if (how == "silent") options.verbose = false;
    }
    CURLcode result = CURLE_OK;
    std::string id;
    const int times = flags.count("times") != 0 ? std::stoi(flags["times"]) : 1;
    for (int i = 0; i < times; ++i) {
        seen.body.clear();
        seen.uploaded = 0;
        if (how == "plain") {
            result = curl_easy_perform(handle);
        } else if (how == "multi") {
            result = perform_in_multi(handle, options, id);
        } else {
            result = steno::curl::perform(handle, options);
        }
    }
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    std::cout << static_cast<int>(result) << " " << status << "\n" << seen.body << "\n";
    if (how == "silent") {
        // Nor is it on afterwards: a transfer that is refused would trace as well.
        curl_easy_setopt(handle, CURLOPT_URL, "http://127.0.0.1:1/");
        curl_easy_perform(handle);
        if (seen.traced != 0) std::cerr << "it was traced\n";
    }
    if (how == "debug" && seen.traced == 0) std::cerr << "nothing was traced\n";
    curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
    const long patience = flags.count("flush") != 0 ? std::stol(flags["flush"]) : 10'000;
    if (how != "plain" && patience != 0 && !steno::flush(std::chrono::milliseconds(patience)))
        std::cerr << "not delivered: " << steno::last_tracking_error() << "\n";
}
