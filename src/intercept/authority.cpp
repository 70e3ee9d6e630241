#include "intercept/authority.hpp"

#include "base/random.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>

namespace steno::intercept {

namespace {

/// A run may be long, and clocks may differ a little. Clients refuse certificates of more than 398 days.
constexpr long kBefore = -24L * 3600;
constexpr long kAfter = 390L * 24 * 3600;

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

std::unexpected<Error> failed(std::string_view what) {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return fail(Code::Internal, "OpenSSL made no " + std::string(what) +
                                    (reason == nullptr ? "" : ": " + std::string(reason)));
}

std::string content_of(BIO* bio) {
    const char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(size)};
}

/// What all certificates have: version 3, a random serial number (RFC 5280, section 4.1.2.2), times, key.
bool begin(X509* certificate, EVP_PKEY* key) {
    std::array<std::uint8_t, 16> serial{};
    system_random().fill(serial);
    serial[0] &= 0x7f;
    BIGNUM* const number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
    const bool numbered =
        number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    return numbered && X509_set_version(certificate, X509_VERSION_3) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), kBefore) != nullptr &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), kAfter) != nullptr &&
           X509_set_pubkey(certificate, key) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                                      reinterpret_cast<const unsigned char*>("steno run"), -1, -1, 0) == 1;
}

bool add(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    const bool fine = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return fine;
}

bool is_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 &&
           host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               host.npos;
}

}  // namespace

void Authority::FreeKey::operator()(EVP_PKEY* key) const {
    EVP_PKEY_free(key);
}
void Authority::FreeCertificate::operator()(X509* certificate) const {
    X509_free(certificate);
}
Authority::Authority(Authority&&) noexcept = default;
Authority::~Authority() = default;

Result<Authority> Authority::make(std::span<const std::string> names) {
    Authority made;
    made.key_.reset(EVP_EC_gen("P-256"));
    made.issuer_.reset(X509_new());
    X509* const certificate = made.issuer_.get();
    if (!made.key_ || certificate == nullptr || !begin(certificate, made.key_.get())) return failed("key");
    std::string constraints =
        "critical,excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0";
    for (const std::string& name : names) {
        if (!is_name(name)) return fail(Code::InvalidArgument, "\"" + name + "\" is no name of a host");
        constraints += ",permitted;DNS:" + name;
    }
    const bool fine = add(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                      add(certificate, certificate, NID_key_usage, "critical,keyCertSign") &&
                      add(certificate, certificate, NID_ext_key_usage, "serverAuth") &&
                      add(certificate, certificate, NID_name_constraints, constraints) &&
                      add(certificate, certificate, NID_subject_key_identifier, "hash") &&
                      X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
                      X509_sign(certificate, made.key_.get(), EVP_sha256()) != 0;
    const Bio text(BIO_new(BIO_s_mem()));
    if (!fine || PEM_write_bio_X509(text.get(), certificate) != 1) return failed("certificate");
    made.certificate_ = content_of(text.get());
    return made;
}

Result<Authority::Identity> Authority::identity_for(std::string_view host) const {
    if (!is_name(host)) return fail(Code::InvalidArgument, "that is no name of a host");
    const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, FreeCertificate> leaf(X509_new());
    const bool fine = key && leaf && begin(leaf.get(), key.get()) &&
                      X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer_.get())) == 1 &&
                      add(leaf.get(), issuer_.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                      add(leaf.get(), issuer_.get(), NID_key_usage, "critical,digitalSignature") &&
                      add(leaf.get(), issuer_.get(), NID_ext_key_usage, "serverAuth") &&
                      add(leaf.get(), issuer_.get(), NID_subject_alt_name, "DNS:" + std::string(host)) &&
                      add(leaf.get(), issuer_.get(), NID_subject_key_identifier, "hash") &&
                      add(leaf.get(), issuer_.get(), NID_authority_key_identifier, "keyid:always") &&
                      X509_sign(leaf.get(), key_.get(), EVP_sha256()) != 0;
    const Bio certificate(BIO_new(BIO_s_mem()));
    const Bio secret(BIO_new(BIO_s_mem()));
    if (!fine || PEM_write_bio_X509(certificate.get(), leaf.get()) != 1 ||
        PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return failed("certificate");
    }
    return Identity{content_of(certificate.get()), content_of(secret.get())};
}

}  // namespace steno::intercept
