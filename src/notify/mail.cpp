#include "notify/mail.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <curl/curl.h>
#include <dlfcn.h>
#include <memory>
#include <string_view>

namespace steno::notify {

namespace {

/// What is called of libcurl.
struct Library {
    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_perform) easy_perform = nullptr;
    decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

Result<Library> load() {
    void* const handle = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        return fail(Code::Unimplemented, "mail needs libcurl, which this machine does not have",
                    "install it (Debian: libcurl4), or use a webhook");
    Library library;
    bool whole = true;
    const auto find = [&]<class F>(F& function, const char* name) {
        function = reinterpret_cast<F>(::dlsym(handle, name));
        whole = whole && function != nullptr;
    };
    find(library.global_init, "curl_global_init");
    find(library.easy_init, "curl_easy_init");
    find(library.easy_setopt, "curl_easy_setopt");
    find(library.easy_perform, "curl_easy_perform");
    find(library.easy_getinfo, "curl_easy_getinfo");
    find(library.easy_strerror, "curl_easy_strerror");
    find(library.easy_cleanup, "curl_easy_cleanup");
    find(library.slist_append, "curl_slist_append");
    find(library.slist_free_all, "curl_slist_free_all");
    if (!whole || library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(Code::Unimplemented, "the libcurl of this machine cannot be used");
    return library;
}

/// Loaded once; stays loaded.
const Result<Library>& loaded() {
    static const Result<Library> library = load();
    return library;
}

std::size_t read_text(char* into, std::size_t size, std::size_t count, void* rest) {
    auto& text = *static_cast<std::string_view*>(rest);
    const std::size_t some = std::min(size * count, text.size());
    std::memcpy(into, text.data(), some);
    text.remove_prefix(some);
    return some;
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

int look_whether_to_stop(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(stopping)->load() ? 1 : 0;
}

}  // namespace

Result<void> send_mail(const Channel& channel, const std::string& text, const MailOptions& options) {
    const Result<Library>& library = loaded();
    if (!library) return std::unexpected(library.error());
    const Library& curl = *library;
    const std::unique_ptr<CURL, decltype(curl.easy_cleanup)> handle(curl.easy_init(), curl.easy_cleanup);
    if (!handle) return fail(Code::Unavailable, "libcurl has no memory");
    curl_slist* list = nullptr;
    for (const std::string& address : channel.to)
        list = curl.slist_append(list, fmt::format("<{}>", address).c_str());
    const std::unique_ptr<curl_slist, decltype(curl.slist_free_all)> recipients(list, curl.slist_free_all);

    bool set = list != nullptr;
    const auto option = [&](CURLoption name, auto value) {
        set = set && curl.easy_setopt(handle.get(), name, value) == CURLE_OK;
    };
    std::string_view rest = text;
    std::array<char, CURL_ERROR_SIZE> why{};
    option(CURLOPT_URL, channel.url.c_str());
    option(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    option(CURLOPT_PROXY, "");  // the environment's is for HTTP
    option(CURLOPT_USE_SSL, static_cast<long>(channel.plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) option(CURLOPT_CAINFO, options.ca_file.c_str());
    if (!channel.user.empty()) {
        option(CURLOPT_USERNAME, channel.user.c_str());
        option(CURLOPT_PASSWORD, channel.password.c_str());
    }
    const std::string from = fmt::format("<{}>", channel.from);
    option(CURLOPT_MAIL_FROM, from.c_str());
    option(CURLOPT_MAIL_RCPT, recipients.get());
    option(CURLOPT_UPLOAD, 1L);
    option(CURLOPT_READFUNCTION, &read_text);
    option(CURLOPT_READDATA, static_cast<void*>(&rest));
    option(CURLOPT_WRITEFUNCTION, &drop);
    option(CURLOPT_TIMEOUT_MS, static_cast<long>(options.patience.count()));
    option(CURLOPT_NOSIGNAL, 1L);
    option(CURLOPT_NOPROGRESS, 0L);
    option(CURLOPT_XFERINFOFUNCTION, &look_whether_to_stop);
    option(CURLOPT_XFERINFODATA, const_cast<void*>(static_cast<const void*>(options.stopping)));
    option(CURLOPT_ERRORBUFFER, why.data());
    if (!set) return fail(Code::Unimplemented, "the libcurl of this machine cannot send mail");

    const CURLcode code = curl.easy_perform(handle.get());
    if (code == CURLE_OK) return {};
    long answer = 0;
    (void)curl.easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer);
    std::string message =
        fmt::format("{}: {}", channel.url.substr(channel.url.find("://") + 3),
                    why[0] != '\0' ? std::string_view(why.data()) : curl.easy_strerror(code));
    if (code == CURLE_LOGIN_DENIED) message += " (the server refuses user or password)";
    if (code == CURLE_USE_SSL_FAILED) message += " (it has no STARTTLS)";
    if (answer >= 400) message += fmt::format(" (SMTP {})", answer);
    return fail(code == CURLE_OPERATION_TIMEDOUT ? Code::DeadlineExceeded : Code::Unavailable,
                std::string(utf8_prefix(message, 300)));
}

}  // namespace steno::notify
