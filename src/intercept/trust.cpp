#include "intercept/trust.hpp"

#include "base/text.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace steno::intercept {

namespace {

/// Who reads which name of a file of trusted certificates. `Instead`: of the bundle that it would use
/// otherwise.
enum class Holds { Instead, Besides };
struct TrustVariable {
    const char* name;
    Holds holds;
    std::string_view next = {};  ///< what its reader goes by where the name is not set
};
constexpr std::array kTrust{
    TrustVariable{"SSL_CERT_FILE", Holds::Instead},  // OpenSSL's default: Python's ssl and httpx, Go, Ruby,
                                                     // Rust
    TrustVariable{"REQUESTS_CA_BUNDLE", Holds::Instead, "CURL_CA_BUNDLE"},  // requests
    TrustVariable{"CURL_CA_BUNDLE", Holds::Instead},                        // curl
    TrustVariable{"AWS_CA_BUNDLE", Holds::Instead, "REQUESTS_CA_BUNDLE"},   // botocore, AWS's command
    TrustVariable{"NODE_EXTRA_CA_CERTS", Holds::Besides},
    TrustVariable{"DENO_CERT", Holds::Besides},
};
/// What others read that talk to no provider by HTTP/1.1: git, gRPC, npm, pip, cargo, Nix's programs. They
/// are left as they are.
constexpr std::array kOthers{"GIT_SSL_CAINFO",    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                             "NPM_CONFIG_CAFILE", "npm_config_cafile",
                             "PIP_CERT",          "CARGO_HTTP_CAINFO",
                             "NIX_SSL_CERT_FILE"};

constexpr std::uintmax_t kMaxInFolder = 1 << 20;  ///< bytes of a file that is to be one certificate
constexpr std::size_t kMaxOfFolders = 8 << 20;    ///< of all of them
constexpr std::uintmax_t kMaxBundle = 8 << 20;    ///< of a file that the user names

/// Where distributions keep theirs: Debian, Alpine; Fedora; openSUSE; others.
constexpr std::array kBundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                              "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

std::optional<std::string> content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    if (!file || !(all << file.rdbuf())) return std::nullopt;
    return std::move(all).str();
}

/// Those of a file; nothing: it cannot be read, or has none.
std::optional<Certificates> in_file(std::string_view path) {
    const auto content = content_of(std::string(path));
    Certificates certificates;
    if (!content || !certificates.add(*content)) return std::nullopt;
    return certificates;
}

/// As OpenSSL names what it finds in a folder: the hash of the subject and a number (openssl-rehash(1)).
bool is_hash_name(std::string_view name) {
    return name.size() > 9 && name[8] == '.' &&
           name.substr(0, 8).find_first_not_of("0123456789abcdef") == std::string_view::npos &&
           name.substr(9).find_first_not_of("0123456789") == std::string_view::npos;
}

/// Calls `take` with each certificate of a text, its lines from BEGIN to END.
template <class Take>
void each_certificate(std::string_view text, Take&& take) {
    constexpr std::string_view kBegin = "-----BEGIN ";
    constexpr std::string_view kEnd = "-----END ";
    constexpr std::string_view kDashes = "-----";
    for (;;) {
        const std::size_t begin = text.find(kBegin);
        if (begin == std::string_view::npos) return;
        text.remove_prefix(begin);
        const std::size_t label_end = text.find(kDashes, kBegin.size());
        if (label_end == std::string_view::npos) return;
        const std::string_view label = text.substr(kBegin.size(), label_end - kBegin.size());
        const std::string end = std::string(kEnd) + std::string(label) + std::string(kDashes);
        const std::size_t stop = text.find(end, label_end);
        const bool certificate =
            label == "CERTIFICATE" || label == "TRUSTED CERTIFICATE" || label == "X509 CERTIFICATE";
        if (stop == std::string_view::npos) {
            text.remove_prefix(label_end);
            continue;
        }
        if (certificate) take(text.substr(0, stop + end.size()));
        text.remove_prefix(stop + end.size());
    }
}

bool openssl_can_read(std::string_view certificate) {
    BIO* const bio = BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size()));
    X509* const read = bio == nullptr ? nullptr : PEM_read_bio_X509_AUX(bio, nullptr, nullptr, nullptr);
    const bool can = read != nullptr;
    X509_free(read);
    BIO_free(bio);
    ERR_clear_error();
    return can;
}

/// All that the user's variables name, but OpenSSL's own.
Certificates named_by_user(const Environment& environment) {
    Certificates all;
    const auto add = [&](const char* name) {
        // A pipe is for the program to read.
        const std::string_view path = environment.get(name);
        std::error_code none;
        if (!std::filesystem::is_regular_file(path, none) ||
            std::filesystem::file_size(path, none) > kMaxBundle)
            return;
        if (const auto found = in_file(path)) all.add(*found);
    };
    for (const TrustVariable& variable : kTrust) {
        if (std::string_view(variable.name) != "SSL_CERT_FILE") add(variable.name);
    }
    for (const char* const name : kOthers) add(name);
    return all;
}

}  // namespace

bool Certificates::add(std::string_view text) {
    bool any = false;
    each_certificate(text, [&](std::string_view certificate) {
        any = true;
        if (!known_.emplace(certificate).second) return;
        text_.append(certificate).push_back('\n');
    });
    return any;
}

void Certificates::add_folders(std::string_view folders) {
    const std::size_t before = text_.size();
    for (const std::string_view folder : split(folders, ':')) {
        std::error_code failed;
        for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
             at.increment(failed)) {
            std::error_code none;
            if (!is_hash_name(at->path().filename().native()) || !at->is_regular_file(none) ||
                at->file_size(none) > kMaxInFolder)
                continue;
            const auto content = content_of(at->path());
            if (text_.size() - before > kMaxOfFolders) return;
            if (content) add(*content);
        }
    }
}

Certificates trusted_by_user(const Environment& environment) {
    Certificates readable;
    each_certificate(named_by_user(environment).text(), [&](std::string_view certificate) {
        if (openssl_can_read(certificate)) readable.add(certificate);
    });
    return readable;
}

Result<Certificates> set_trust(Environment& environment, const std::string& certificate, RunFolder& folder) {
    std::optional<Certificates> system;
    if (const std::string_view own = environment.get("SSL_CERT_FILE"); !own.empty()) {
        system = in_file(own);
    } else {
        for (const char* const path : kBundles) {
            if ((system = in_file(path))) break;
        }
    }
    if (!system) return Certificates();
    // Beside the file OpenSSL goes by these. Clients differ in which of the two comes first, or alone.
    system->add_folders(environment.get("SSL_CERT_DIR"));
    system->add(named_by_user(environment));
    const Environment before_us = environment;
    std::map<std::string, std::string> files;  // content to path
    for (const auto& [name, holds, next] : kTrust) {
        std::string_view given = before_us.get(name);
        if (given.empty() && !next.empty()) given = before_us.get(next);
        std::optional<Certificates> before = holds == Holds::Instead ? *system : Certificates();
        // A file that cannot be read, or a folder: the program will make of it what it would have made.
        if (!given.empty()) before = in_file(given);
        if (!before) continue;
        before->add(certificate);
        std::string& path = files[before->text()];
        if (path.empty()) {
            STENO_ASSIGN(path,
                         folder.add("certificates-" + std::to_string(files.size()) + ".pem", before->text()));
        }
        environment.set(name, path);
    }
    system->add(certificate);
    return *std::move(system);
}

}  // namespace steno::intercept
