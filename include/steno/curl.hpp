#pragma once

#include "steno/http.hpp"

#include <curl/curl.h>
#include <optional>
#include <string_view>
#include <utility>

/// Calls to providers through libcurl, recorded: one line more for an easy handle that is set up already.
///
///     const CURLcode result = steno::curl::perform(handle);        // instead of curl_easy_perform(handle)
///
/// With the multi interface (any way of driving it):
///
///     steno::curl::Recorded recorded(handle);                      // before curl_multi_add_handle
///     …
///     recorded.end(message->data.result);                          // at its CURLMSG_DONE
///
/// The program's own callbacks, options, answer and error are what they were: the traffic is seen through
/// libcurl's debug callback, which tells it as it is on the wire, and nothing else of the handle is touched.
/// That needs CURLOPT_VERBOSE, CURLOPT_DEBUGFUNCTION and CURLOPT_DEBUGDATA, which libcurl does not let anyone
/// read: they are off afterwards, and a program that uses them says so in Options::debug and
/// Options::verbose. Meanwhile the handle is not to be copied (curl_easy_duphandle) or reset. Other easy
/// handles than http's and those that go to no provider leave no record. While recording is off nothing is
/// done at all.
///
/// libcurl 7.72 or later. Header only: the program links libcurl, libsteno does not.
namespace steno::curl {

struct Options {
    std::string_view provider = {};  ///< as in HttpRequest: for a host that is not a provider's own
    std::string_view base_url = {};
    /// The request's body, for a call that gets no connection: what is not sent cannot be seen.
    std::string_view request_body = {};
    /// The program's own CURLOPT_DEBUGFUNCTION and CURLOPT_DEBUGDATA: called as before, and set again
    /// afterwards.
    curl_debug_callback debug = nullptr;
    void* debug_data = nullptr;
    /// Its own CURLOPT_VERBOSE, which it is set to afterwards. Absent: on if there is a `debug`, else off.
    /// With it off, `debug` is not called, as libcurl would not.
    std::optional<bool> verbose = {};
};

/// How a transfer that ended so has failed; nullopt: it has not.
inline std::optional<Failure> failure_of(CURLcode code) noexcept {
    switch (code) {
        case CURLE_OK:
        case CURLE_HTTP_RETURNED_ERROR:  // CURLOPT_FAILONERROR: the status says what it was
        case CURLE_TOO_MANY_REDIRECTS:
            return std::nullopt;
        case CURLE_OPERATION_TIMEDOUT:
            return Failure::Timeout;
        case CURLE_WRITE_ERROR:  // the program's callbacks would have no more
        case CURLE_READ_ERROR:
        case CURLE_ABORTED_BY_CALLBACK:
            return Failure::Cancelled;
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_WEIRD_SERVER_REPLY:
            return Failure::MalformedResponse;
        default:
            return Failure::Connection;
    }
}

/// One transfer of an easy handle, from here to `end`. It is to go, or to have ended, before the handle does,
/// and before another one is made for it. Not to be moved: the handle points to it.
class Recorded {
  public:
    explicit Recorded(CURL* handle, const Options& options = {}) noexcept
        : Recorded(handle, options, tracking() ? Context::current() : Context()) {}
    Recorded(CURL* handle, const Options& options, const Context& context) noexcept
        : handle_(tracking() ? handle : nullptr),
          debug_(options.debug),
          debug_data_(options.debug_data),
          verbose_(options.verbose.value_or(options.debug != nullptr)),
          transcript_({options.provider, options.base_url, options.request_body}, context) {
        if (handle_ == nullptr) return;
        curl_easy_setopt(handle_, CURLOPT_DEBUGFUNCTION, &Recorded::see);
        curl_easy_setopt(handle_, CURLOPT_DEBUGDATA, this);
        curl_easy_setopt(handle_, CURLOPT_VERBOSE, 1L);
    }
    Recorded(Recorded&&) = delete;
    /// If it has not ended, it was given up: recorded as cancelled.
    ~Recorded() { let_go(); }

    void end(CURLcode result) noexcept {
        if (handle_ == nullptr) return;
        if (const auto why = failure_of(result)) {
            char* url = nullptr;
            curl_easy_getinfo(handle_, CURLINFO_EFFECTIVE_URL, &url);
            transcript_.fail(*why, curl_easy_strerror(result), url == nullptr ? "" : url);
        } else {
            transcript_.end();
        }
        let_go();
    }

    /// Of the call, once it has ended; empty if it was none.
    [[nodiscard]] std::string id() const noexcept { return transcript_.id(); }

  private:
    static int see(CURL* handle, curl_infotype what, char* bytes, std::size_t size, void* self) {
        auto* const recorded = static_cast<Recorded*>(self);
        if (handle == recorded->handle_) {  // and not one that libcurl made for itself, to look up a name
            const std::string_view seen(bytes, size);
            switch (what) {
                case CURLINFO_HEADER_OUT:
                    recorded->transcript_.sent_head(seen);
                    break;
                case CURLINFO_DATA_OUT:
                    recorded->transcript_.sent_body(seen);
                    break;
                case CURLINFO_HEADER_IN:
                    recorded->transcript_.received_head(seen);
                    break;
                case CURLINFO_DATA_IN:
                    recorded->transcript_.received_body(seen);
                    break;
                default:
                    break;
            }
        }
        if (recorded->debug_ == nullptr || !recorded->verbose_) return 0;
        return recorded->debug_(handle, what, bytes, size, recorded->debug_data_);
    }

    void let_go() noexcept {
        CURL* const handle = std::exchange(handle_, nullptr);
        if (handle == nullptr) return;
        curl_easy_setopt(handle, CURLOPT_VERBOSE, verbose_ ? 1L : 0L);
        curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, debug_);
        curl_easy_setopt(handle, CURLOPT_DEBUGDATA, debug_data_);
    }

    CURL* handle_;
    curl_debug_callback debug_;
    void* debug_data_;
    bool verbose_;
    HttpTranscript transcript_;
};

/// curl_easy_perform, recorded; returns what that returns.
inline CURLcode perform(CURL* handle, const Options& options = {}) {
    Recorded recorded(handle, options);
    const CURLcode result = curl_easy_perform(handle);
    recorded.end(result);
    return result;
}

}  // namespace steno::curl
