#pragma once

#include "base/error.hpp"
#include "notify/channel.hpp"

#include <atomic>
#include <chrono>
#include <string>

/// Mail by SMTP: libcurl's. It is loaded when the first mail is sent: most servers send none, and one without
/// the library lacks nothing else.
namespace steno::notify {

struct MailOptions {
    std::chrono::milliseconds patience;  ///< from the name look-up to the end
    std::string ca_file;                 ///< PEM to trust besides the system's store
    const std::atomic<bool>* stopping;   ///< ends it within a second
};

/// To all recipients of the channel, or to none of them. smtps:// is TLS from the start, smtp:// begins in
/// the clear and goes on with STARTTLS or not at all, unless the channel is `plain`. Blocking; any thread.
/// Errors name the host, never the password.
Result<void> send_mail(const Channel& channel, const std::string& text, const MailOptions& options);

}  // namespace steno::notify
