#pragma once

#include "base/error.hpp"
#include "cli/config.hpp"
#include "net/http.hpp"
#include "sources/gateway/aws_signing.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace steno::cli {

/// Credentials and region for Bedrock, from aws.* and the variables that AWS's own clients read. Fails where
/// aws.credentials_file is set and does not hold what it should.
Result<gateway::AwsAccess> aws_access(const Config& config);

/// The credentials of one profile of a shared credentials file: sections in brackets, `name = value`,
/// comments with # or ;. InvalidArgument names what is missing, never a value.
Result<gateway::AwsCredentials> read_aws_profile(std::string_view content, std::string_view profile);

/// Bedrock's address in that region; nullopt where that is no region's name.
std::optional<net::BaseUrl> bedrock_url(std::string_view region);

}  // namespace steno::cli
