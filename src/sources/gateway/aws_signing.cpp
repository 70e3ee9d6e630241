#include "sources/gateway/aws_signing.hpp"

#include "base/text.hpp"
#include "providers/bedrock.hpp"

#include <vector>

namespace steno::gateway {

namespace {

/// "AWS4-HMAC-SHA256 Credential=ID/20260101/REGION/SERVICE/aws4_request, …": a part of the scope.
std::string_view scope_part(std::string_view authorization, std::size_t place) {
    constexpr std::string_view kCredential = "Credential=";
    const std::size_t at = authorization.find(kCredential);
    if (at == std::string_view::npos) return {};
    authorization.remove_prefix(at + kCredential.size());
    const std::vector<std::string_view> parts = split(authorization.substr(0, authorization.find(',')), '/');
    constexpr std::size_t kParts = 5;
    return parts.size() == kParts ? parts[place] : std::string_view{};
}

bool is_aws(std::string_view host) {
    return host.contains(".amazonaws.com") || host.ends_with(".api.aws");
}

/// Bedrock's runtime and Mantle are services of their own; anything else is none of ours to sign for.
std::string service_for(std::string_view host, std::string_view asked) {
    if (host.starts_with("bedrock-mantle.")) return "bedrock-mantle";
    return asked == "bedrock-mantle" && !is_aws(host) ? "bedrock-mantle" : "bedrock";
}

bool is_signed_field(std::string_view name) {
    const std::string lower = lower_case(name);
    return lower == "content-type" || lower.starts_with("x-amz-");
}

}  // namespace

Result<void> sign_for_aws(const AwsAccess& access, std::string_view host, net::RequestHead& head,
                          std::string_view body, Timestamp now) {
    const std::string theirs(head.headers.get("authorization").value_or(""));
    const bool is_signed = theirs.starts_with("AWS4-");
    if (!theirs.empty() && !is_signed) return {};
    if (head.target.contains("X-Amz-Signature="))
        return {};  // presigned: one signature is all that AWS takes

    std::optional<AwsCredentials> credentials;
    if (access.credentials) {
        STENO_ASSIGN(credentials, access.credentials());
    }
    if (!credentials) {
        if (!is_signed || !is_aws(host)) return {};
        return fail(Code::PermissionDenied,
                    "this request is signed for the address of the gateway, which AWS would refuse, and the "
                    "gateway has no AWS credentials to sign it anew",
                    "start it with AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), set aws.credentials_file, or give the "
                    "client a Bedrock API key (AWS_BEARER_TOKEN_BEDROCK), which passes unchanged");
    }
    std::string region = providers::bedrock_region_of_host(host);
    if (region.empty()) region = access.region;
    if (region.empty()) region = scope_part(theirs, 2);
    if (region.empty()) {
        if (!is_aws(host)) return {};  // a stand-in for AWS that may not look at signatures
        return fail(Code::PermissionDenied, "the upstream's host does not tell the AWS region to sign for",
                    "set aws.region");
    }
    const std::string service = service_for(host, scope_part(theirs, 3));
    for (const std::string_view name :
         {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
        head.headers.remove(name);
    SigV4Request request{head.method, head.target, {}, body};
    request.headers.add("host", std::string(host));
    for (const auto& [name, value] : head.headers) {
        if (is_signed_field(name)) request.headers.add(name, value);
    }
    for (const auto& [name, value] : sigv4_headers(std::move(request), *credentials, region, service, now))
        head.headers.add(name, value);
    return {};
}

}  // namespace steno::gateway
