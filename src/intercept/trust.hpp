#pragma once

#include "base/error.hpp"
#include "intercept/environment.hpp"
#include "intercept/run_folder.hpp"

#include <set>
#include <string>
#include <string_view>

/// Whom a program trusts: the certificates that its environment names, and the run's.
namespace steno::intercept {

/// Certificates (PEM, RFC 7468, section 5.1), each once, in the order in which they came. What else stands in
/// a file (words, and private keys, which some keep beside them) is not among them.
class Certificates {
  public:
    /// Whether there was one.
    bool add(std::string_view text);
    /// Of all in a folder as OpenSSL would find them, "DIR:DIR", up to a bound.
    void add_folders(std::string_view folders);
    void add(const Certificates& others) { add(others.text_); }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

  private:
    std::string text_;
    std::set<std::string, std::less<>> known_;
};

/// Of the files that the user names in the variables of widespread programs (REQUESTS_CA_BUNDLE, PIP_CERT, …;
/// not SSL_CERT_FILE and SSL_CERT_DIR, which OpenSSL heeds by itself): only what OpenSSL can read.
Certificates trusted_by_user(const Environment& environment);

/// The certificate (PEM) as one more that is trusted, by files in `folder`. What the user has set goes on to
/// hold: a variable's file has what stood in the user's own. One that was not set has the system's, and,
/// since some clients let it count for more than what they are told elsewhere, all that `trusted_by_user`
/// finds. Returns what was trusted on this machine, the run's among it; empty: there is no bundle of
/// certificates that it could stand beside, and nothing is set.
Result<Certificates> set_trust(Environment& environment, const std::string& certificate, RunFolder& folder);

}  // namespace steno::intercept
