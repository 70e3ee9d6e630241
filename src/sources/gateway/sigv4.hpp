#pragma once

#include "base/time.hpp"
#include "net/http.hpp"

#include <string>
#include <string_view>

namespace steno::gateway {

/// Never to be logged or recorded.
struct AwsCredentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;  ///< only of temporary ones
};

struct SigV4Request {
    std::string_view method;
    std::string_view target;  ///< path and query, as they are sent
    net::Headers headers;     ///< those to be signed; `host` must be among them
    std::string_view body;
};

/// AWS Signature Version 4 (AWS General Reference, "Signing AWS API requests"; HMAC-SHA-256, the path coded
/// once more as all services but S3 want it). The fields to add to the request: X-Amz-Date, for temporary
/// credentials X-Amz-Security-Token, and Authorization. A pure function.
net::Headers sigv4_headers(SigV4Request request, const AwsCredentials& credentials, std::string_view region,
                           std::string_view service, Timestamp now);

}  // namespace steno::gateway
