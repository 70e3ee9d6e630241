#pragma once

#include "base/error.hpp"
#include "net/http.hpp"
#include "sources/gateway/sigv4.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace steno::gateway {

/// What the gateway may sign requests to AWS with.
struct AwsAccess {
    /// Asked for every request, since temporary credentials are replaced by newer ones; nullopt: there are
    /// none. Empty: the same. Called on any thread.
    std::function<Result<std::optional<AwsCredentials>>()> credentials;
    std::string region;  ///< where the upstream's host does not tell
};

/// A client's signature covers the name of the host that it meant to talk to, which is ours: AWS would refuse
/// it. So a request that is signed, or not authorised at all, is signed anew for `host`, if there are
/// credentials; what covers only the old signature (X-Amz-Date, -Security-Token, -Content-Sha256) goes. A
/// bearer key passes. `head.target` and `body` must be as they will be sent.
///
/// PermissionDenied, with what to set, where AWS itself would certainly refuse the request; to hosts that are
/// not AWS's (another gateway, a test) a signature passes as it is.
Result<void> sign_for_aws(const AwsAccess& access, std::string_view host, net::RequestHead& head,
                          std::string_view body, Timestamp now);

}  // namespace steno::gateway
