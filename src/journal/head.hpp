#pragma once

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "io/file_system.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Signed heads: where streams stood at a moment. One alone in a stream's folder marks its end.
namespace steno::journal {

struct StreamHead {
    Uuid stream;
    std::uint64_t sequence = 0;
    Sha256 chain{};  ///< after that record
    bool closed = false;
    /// Above `sequence`: the records up to here were durable once, and were lost before anybody could sign
    /// them. 0: none are missing.
    std::uint64_t lost_through = 0;
};

/// The folder's Ed25519 key, `<data>/keys/journal.key` (PKCS #8 PEM), and beside it the public one,
/// `journal.pub`.
class SigningKey {
  public:
    /// Made at first use. Unavailable if another process is making it and does not get ready.
    static Result<std::unique_ptr<SigningKey>> load_or_make(io::FileSystem& files,
                                                            const std::string& data_folder);
    virtual ~SigningKey() = default;
    [[nodiscard]] virtual std::string public_key_hex() const = 0;
    [[nodiscard]] virtual std::string sign(std::string_view text) const = 0;  ///< 64 bytes
};

/// As hex; nothing if the folder has none.
std::optional<std::string> public_key_of(io::FileSystem& files, const std::string& data_folder);

struct Head {
    std::string at;  ///< RFC 3339
    std::vector<StreamHead> streams;
    std::string key_hex;
    bool signature_holds = false;  ///< under key_hex
};

/// One line of JSON.
std::string build_head(const std::vector<StreamHead>& streams, const Timestamp& at, const SigningKey& key);
/// InvalidArgument if it is not a head. A wrong signature is no error here.
Result<Head> parse_head(std::string_view json);

}  // namespace steno::journal
