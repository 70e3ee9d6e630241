#include "cli/aws_access.hpp"

#include "base/text.hpp"
#include "io/file_system.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

namespace steno::cli {

namespace {

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

Result<gateway::AwsCredentials> read_credentials_file(const std::string& file, const std::string& profile) {
    auto content = io::read_file(io::posix_file_system(), file, 1 << 20);
    if (!content)
        return std::unexpected(std::move(content).error().with_context("reading aws.credentials_file"));
    auto credentials = read_aws_profile(*content, profile);
    if (!credentials) return std::unexpected(std::move(credentials).error().with_context(file));
    return credentials;
}

}  // namespace

Result<gateway::AwsCredentials> read_aws_profile(std::string_view content, std::string_view profile) {
    std::map<std::string, std::string, std::less<>> found;
    bool in_profile = false;
    bool seen = false;
    for (std::string_view line : split(content, '\n')) {
        line = trim(line.substr(0, line.find('\r')));
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            in_profile = trim(line.substr(1, line.find(']') - 1)) == profile;
            seen = seen || in_profile;
        } else if (const std::size_t equals = line.find('=');
                   in_profile && equals != std::string_view::npos) {
            found[std::string(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
        }
    }
    if (!seen) {
        return fail(Code::InvalidArgument, fmt::format("it has no profile \"{}\"", profile),
                    "aws.profile names another one");
    }
    gateway::AwsCredentials credentials{found["aws_access_key_id"], found["aws_secret_access_key"],
                                        found["aws_session_token"]};
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
        return fail(
            Code::InvalidArgument,
            fmt::format("its profile \"{}\" lacks aws_access_key_id or aws_secret_access_key", profile));
    }
    return credentials;
}

Result<gateway::AwsAccess> aws_access(const Config& config) {
    gateway::AwsAccess access;
    access.region = config.aws_region;
    for (const char* const name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
        if (access.region.empty()) access.region = variable(name);
    }
    if (!config.aws_credentials_file.empty()) {
        STENO_TRY(read_credentials_file(config.aws_credentials_file, config.aws_profile));
        access.credentials = [file = config.aws_credentials_file,
                              profile =
                                  config.aws_profile]() -> Result<std::optional<gateway::AwsCredentials>> {
            STENO_ASSIGN(auto credentials, read_credentials_file(file, profile));
            return credentials;
        };
        return access;
    }
    const gateway::AwsCredentials given{variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
                                        variable("AWS_SESSION_TOKEN")};
    if (given.access_key_id.empty() || given.secret_access_key.empty()) return access;
    access.credentials = [given]() -> Result<std::optional<gateway::AwsCredentials>> { return given; };
    return access;
}

std::optional<net::BaseUrl> bedrock_url(std::string_view region) {
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (region.empty() || region.find_first_not_of(kAllowed) != std::string_view::npos) return std::nullopt;
    const std::string_view china = region.starts_with("cn-") ? ".cn" : "";
    return net::BaseUrl::parse(fmt::format("https://bedrock-runtime.{}.amazonaws.com{}", region, china));
}

}  // namespace steno::cli
