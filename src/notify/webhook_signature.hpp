#pragma once

#include "base/error.hpp"
#include "base/random.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// How a receiver knows that a webhook is ours: as the Standard Webhooks specification says, so that its
/// libraries can check it. The signed text is "ID.TIMESTAMP.BODY", the secret "whsec_" and 24 to 64 bytes in
/// base64.
namespace steno::notify {

/// 32 random bytes, in that form.
std::string new_webhook_secret(Random& random);

/// InvalidArgument, without the secret, when it is none.
Result<void> check_webhook_secret(std::string_view secret);

/// The header webhook-signature: "v1,…". Of a secret that check_webhook_secret accepts.
Result<std::string> webhook_signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                                      std::string_view body);

}  // namespace steno::notify
