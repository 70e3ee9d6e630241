#pragma once

#include "base/error.hpp"
#include "intercept/environment.hpp"
#include "intercept/run_folder.hpp"

#include <string>
#include <string_view>

/// Programs on a Java virtual machine, which heeds neither https_proxy nor a file of certificates, but system
/// properties that stand in JAVA_TOOL_OPTIONS (JVM Tool Interface, "The JAVA_TOOL_OPTIONS Environment
/// Variable"). It says so on standard error: "Picked up JAVA_TOOL_OPTIONS: …".
namespace steno::intercept {

/// Certificates (PEM) as a key store of the type JKS, which every Java can read: a magic number, the version
/// 2, the entries (each of kind 2, a trusted certificate: alias, milliseconds, "X.509", DER), all big-endian,
/// and SHA-1 of the password in UTF-16, "Mighty Aphrodite" and what stands before (OpenJDK,
/// sun.security.provider.JavaKeyStore). What is no certificate is left out.
std::string java_key_store(std::string_view certificates, std::string_view password);

/// The way through `front` ("http://127.0.0.1:PORT"), and the trust in `certificates`, for each Java that
/// this environment's programs start. The user's own options go on to hold, a key store among them: then
/// nothing of trust is set. False: they name a proxy's host or port, and nothing is set at all, since half of
/// theirs with half of ours leads nowhere: what Java asks does not come here.
Result<bool> set_java(Environment& environment, const std::string& front, std::string_view certificates,
                      RunFolder& folder);

}  // namespace steno::intercept
