#pragma once

#include "base/error.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct x509_st;

namespace steno::intercept {

/// A certificate authority for one run of one program. Its key lives in this object and nowhere else: whoever
/// trusts the certificate trusts it for as long as this process lives, and for the names below alone. Any
/// thread.
class Authority {
  public:
    /// `names`: the hosts that it may speak for, each with everything below it. Written into the certificate
    /// as critical name constraints (RFC 5280, section 4.2.1.10), beside which no address may be certified at
    /// all, so that a client refuses what goes beyond them, whoever makes it.
    static Result<Authority> make(std::span<const std::string> names);

    Authority(Authority&&) noexcept;
    ~Authority();

    /// In PEM, for the programs that are to trust it.
    [[nodiscard]] const std::string& certificate() const { return certificate_; }

    struct Identity {
        std::string chain;  ///< PEM
        std::string key;    ///< PEM; not for any file
    };
    /// A certificate for one host. Whether the host is within the constraints is for the client to see.
    [[nodiscard]] Result<Identity> identity_for(std::string_view host) const;

  private:
    Authority() = default;
    struct FreeKey {
        void operator()(evp_pkey_st* key) const;
    };
    struct FreeCertificate {
        void operator()(x509_st* certificate) const;
    };
    std::unique_ptr<evp_pkey_st, FreeKey> key_;
    std::unique_ptr<x509_st, FreeCertificate> issuer_;
    std::string certificate_;
};

}  // namespace steno::intercept
