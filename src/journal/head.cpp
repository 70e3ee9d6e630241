#include "journal/head.hpp"

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "journal/segment_scanner.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

namespace steno::journal {
namespace {

constexpr std::string_view kFormat = "steno-journal-head-1";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

template <class T, void (*Free)(T*)>
struct Freer {
    void operator()(T* what) const { Free(what); }
};
void free_bio(BIO* bio) {
    BIO_free(bio);
}
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO, free_bio>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX, EVP_MD_CTX_free>>;

const unsigned char* raw(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// What is signed: the head in plain lines, so that the check needs no rules for JSON.
std::string signed_text(const std::vector<StreamHead>& streams, std::string_view at) {
    std::string text = fmt::format("{}\n{}\n", kFormat, at);
    for (const StreamHead& head : streams) {
        text += fmt::format("{} {} {} {}", head.stream.to_string(), head.sequence,
                            to_hex(as_text(head.chain)), head.closed ? "closed" : "open");
        if (head.lost_through > 0) text += fmt::format(" lost {}", head.lost_through);
        text += '\n';
    }
    return text;
}

bool verifies(std::string_view key_hex, std::string_view text, std::string_view signature) {
    const auto key_bytes = from_hex(key_hex);
    if (!key_bytes || key_bytes->size() != kKeyBytes || signature.size() != kSignatureBytes) return false;
    const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(*key_bytes), kKeyBytes));
    const Context context(EVP_MD_CTX_new());
    return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(text), text.size()) == 1;
}

class OpenSslKey final : public SigningKey {
  public:
    explicit OpenSslKey(Key key) : key_(std::move(key)) {}

    std::string public_key_hex() const override {
        std::string bytes(kKeyBytes, '\0');
        std::size_t size = bytes.size();
        EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size);
        return to_hex(bytes);
    }
    std::string sign(std::string_view text) const override {
        std::string signature(kSignatureBytes, '\0');
        std::size_t size = signature.size();
        const Context context(EVP_MD_CTX_new());
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get());
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, raw(text),
                       text.size());
        return signature;
    }

  private:
    Key key_;
};

std::string key_path(const std::string& data_folder) {
    return data_folder + "/keys/journal.key";
}
std::string public_key_path(const std::string& data_folder) {
    return data_folder + "/keys/journal.pub";
}

Result<std::unique_ptr<SigningKey>> load(io::FileSystem& files, const std::string& path) {
    STENO_ASSIGN(const std::string pem, io::read_file(files, path, 64 * 1024));
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        return fail(Code::DataLoss, fmt::format("{} is not an Ed25519 private key", path),
                    "restore the key from a backup, or move it away: a new one is made, and heads signed "
                    "with the old "
                    "one are then reported as signed by a foreign key");
    }
    return std::make_unique<OpenSslKey>(std::move(key));
}

Result<std::unique_ptr<SigningKey>> make(io::FileSystem& files, const std::string& data_folder) {
    if (const auto streams = list_streams(files, data_folder); streams && !streams->empty()) {
        log::error(
            "{} is missing, though the folder has a journal: a new key is made. What was signed with the old "
            "one counts as signed by somebody else (steno verify). If there is a backup of keys/, stop "
            "Steno and restore it",
            key_path(data_folder));
    }
    Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!key || !bio ||
        PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return fail(Code::Internal, "cannot make the signing key");
    }
    char* pem = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &pem);
    auto made = std::make_unique<OpenSslKey>(std::move(key));
    STENO_TRY(io::replace_file(files, public_key_path(data_folder), made->public_key_hex() + "\n"));
    STENO_TRY(io::replace_file(files, key_path(data_folder), {pem, static_cast<std::size_t>(size)}));
    return made;
}

}  // namespace

Result<std::unique_ptr<SigningKey>> SigningKey::load_or_make(io::FileSystem& files,
                                                             const std::string& data_folder) {
    const std::string path = key_path(data_folder);
    STENO_TRY(files.make_directories(data_folder + "/keys"));
    // A process that was killed may have left the key behind without a durable name; what is signed with it
    // must not outlive it in a power cut.
    const auto load_durably = [&]() -> Result<std::unique_ptr<SigningKey>> {
        STENO_TRY(files.sync_directory(data_folder));
        STENO_TRY(files.sync_directory(data_folder + "/keys"));
        return load(files, path);
    };
    for (int attempt = 0; attempt < 100; ++attempt) {
        if (files.exists(path)) return load_durably();
        if (auto lock = files.lock(data_folder + "/keys/journal.lock")) {
            return files.exists(path) ? load_durably() : make(files, data_folder);
        } else if (lock.error().code != Code::FailedPrecondition) {
            return std::unexpected(std::move(lock).error());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return fail(Code::Unavailable, "another process holds the lock on the signing key and does not finish");
}

std::optional<std::string> public_key_of(io::FileSystem& files, const std::string& data_folder) {
    const auto text = io::read_file(files, public_key_path(data_folder), 1024);
    if (!text) return std::nullopt;
    return text->substr(0, text->find('\n'));
}

std::string build_head(const std::vector<StreamHead>& streams, const Timestamp& at, const SigningKey& key) {
    const std::string moment = at.to_string();
    std::string json;
    JsonWriter out(json);
    out.begin_object();
    out.member("format", kFormat);
    out.member("at", moment);
    out.key("streams");
    out.begin_array();
    for (const StreamHead& head : streams) {
        out.begin_object();
        out.member("stream", head.stream.to_string());
        out.member("sequence", head.sequence);
        out.member("chain", to_hex(as_text(head.chain)));
        out.member("closed", head.closed);
        if (head.lost_through > 0) out.member("lost_through", head.lost_through);
        out.end_object();
    }
    out.end_array();
    out.member("key", key.public_key_hex());
    out.member("signature", to_hex(key.sign(signed_text(streams, moment))));
    out.end_object();
    json.push_back('\n');
    return json;
}

Result<Head> parse_head(std::string_view json) {
    const auto wrong = [](std::string_view what) {
        return fail(Code::InvalidArgument, fmt::format("this is not a journal head: {}", what),
                    "give the file that exporting the head wrote");
    };
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(simdjson::padded_string(json)).get(root) != simdjson::SUCCESS)
        return wrong("it is not JSON");
    const auto text = [](simdjson::dom::element from, std::string_view name) {
        std::string_view value;
        return from[name].get(value) == simdjson::SUCCESS ? value : std::string_view();
    };
    if (text(root, "format") != kFormat) return wrong("its format is not " + std::string(kFormat));
    Head head;
    head.at = text(root, "at");
    head.key_hex = text(root, "key");
    simdjson::dom::array streams;
    if (root["streams"].get(streams) != simdjson::SUCCESS) return wrong("it has no streams");
    for (const simdjson::dom::element element : streams) {
        StreamHead stream;
        const auto id = Uuid::parse(text(element, "stream"));
        const auto chain = from_hex(text(element, "chain"));
        if (!id || !chain || chain->size() != stream.chain.size() ||
            element["sequence"].get(stream.sequence) != simdjson::SUCCESS ||
            element["closed"].get(stream.closed) != simdjson::SUCCESS) {
            return wrong("a stream in it is incomplete");
        }
        if (element["lost_through"].get(stream.lost_through) != simdjson::SUCCESS) stream.lost_through = 0;
        stream.stream = *id;
        std::ranges::copy(*chain, reinterpret_cast<char*>(stream.chain.data()));
        head.streams.push_back(stream);
    }
    const auto signature = from_hex(text(root, "signature"));
    head.signature_holds =
        signature && verifies(head.key_hex, signed_text(head.streams, head.at), *signature);
    return head;
}

}  // namespace steno::journal
