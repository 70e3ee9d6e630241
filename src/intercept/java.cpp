#include "intercept/java.hpp"

#include "base/text.hpp"
#include "net/http.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace steno::intercept {

namespace {

constexpr const char* kOptions = "JAVA_TOOL_OPTIONS";
/// Nothing is secret in a store of certificates; Java checks by it that the file is whole.
constexpr std::string_view kPassword = "changeit";

template <class Number>
void append(std::string& out, Number number) {
    for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(number >> shift & 0xff));
}

void append_text(std::string& out, std::string_view text) {
    append(out, static_cast<std::uint16_t>(text.size()));
    out.append(text);
}

/// NO_PROXY as Java writes it: "a.example,.b.example" is "a.example|*.a.example|*.b.example".
std::string exempt_hosts(std::string_view list) {
    std::string hosts = "localhost|127.*|[::1]";
    for (std::string_view host : split(list, ',')) {
        host = trim(host);
        if (host == "*") return "*";
        if (host.empty() || host == "localhost" || host == "127.0.0.1" || host == "::1") continue;
        if (host.starts_with('.')) host.remove_prefix(1);
        hosts.append("|").append(host).append("|*.").append(host);
    }
    return hosts;
}

/// One option, in quotes where it has spaces: the machine splits the variable at them.
std::string option(std::string_view name, std::string_view value) {
    std::string text = "-D" + std::string(name) + "=" + std::string(value);
    return text.contains(' ') ? "\"" + text + "\"" : text;
}

/// Whether one of the variables that Java reads options from says anything of the proxy for https. (The java
/// command reads JDK_JAVA_OPTIONS, OpenJDK's machine _JAVA_OPTIONS; both count for more than ours.)
bool has_own_proxy(const Environment& environment) {
    return std::ranges::any_of(
        std::array{kOptions, "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}, [&](const char* name) {
            const std::string_view options = environment.get(name);
            return options.contains("-Dhttps.proxyHost") || options.contains("-Dhttps.proxyPort");
        });
}

}  // namespace

std::string java_key_store(std::string_view certificates, std::string_view password) {
    std::string entries;
    std::uint32_t count = 0;
    BIO* const bio = BIO_new_mem_buf(certificates.data(), static_cast<int>(certificates.size()));
    while (bio != nullptr && BIO_pending(bio) > 0) {
        X509* const read = PEM_read_bio_X509_AUX(bio, nullptr, nullptr, nullptr);
        if (read == nullptr) continue;  // behind the one that it stumbled over
        unsigned char* der = nullptr;
        const int size = i2d_X509(read, &der);
        X509_free(read);
        if (size <= 0) continue;
        append(entries, std::uint32_t{2});
        append_text(entries, "steno-run-" + std::to_string(++count));
        append(entries, std::uint64_t{0});
        append_text(entries, "X.509");
        append(entries, static_cast<std::uint32_t>(size));
        entries.append(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
        OPENSSL_free(der);
    }
    BIO_free(bio);
    ERR_clear_error();

    std::string store;
    append(store, std::uint32_t{0xFEEDFEED});
    append(store, std::uint32_t{2});
    append(store, count);
    store += entries;
    std::string signed_text;
    for (const char c : password)
        append(signed_text, static_cast<std::uint16_t>(static_cast<unsigned char>(c)));
    signed_text += "Mighty Aphrodite" + store;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(signed_text.data(), signed_text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return store.append(reinterpret_cast<const char*>(digest.data()), size);
}

Result<bool> set_java(Environment& environment, const std::string& front, std::string_view certificates,
                      RunFolder& folder) {
    const auto at = net::BaseUrl::parse(front);
    if (!at) return fail(Code::Internal, front + " is no URL");
    if (has_own_proxy(environment)) return false;
    std::string options(environment.get(kOptions));
    const auto add = [&options](std::string_view name, std::string_view value) {
        if (options.contains("-D" + std::string(name) + "=")) return;
        options += (options.empty() ? "" : " ") + option(name, value);
    };
    const bool has_store = options.contains("-Djavax.net.ssl.trustStore=");
    add("https.proxyHost", at->endpoint.host);
    add("https.proxyPort", std::to_string(at->endpoint.port));
    add("http.nonProxyHosts", exempt_hosts(proxy_exempt(environment)));
    if (!has_store) {
        STENO_ASSIGN(const std::string path,
                     folder.add("certificates.jks", java_key_store(certificates, kPassword)));
        add("javax.net.ssl.trustStore", path);
        add("javax.net.ssl.trustStoreType", "JKS");
        add("javax.net.ssl.trustStorePassword", kPassword);
    }
    environment.set(kOptions, options);
    return true;
}

}  // namespace steno::intercept
