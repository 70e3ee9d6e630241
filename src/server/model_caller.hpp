#pragma once

#include "evaluation/replay.hpp"
#include "sources/gateway/gateway.hpp"

namespace steno::server {

/// Evaluation's way to the models: the gateway's upstreams, with keys from the environment (OPENAI_API_KEY,
/// ANTHROPIC_API_KEY, GEMINI_API_KEY or GOOGLE_API_KEY, AWS_BEARER_TOKEN_BEDROCK, and <UPSTREAM>_API_KEY for
/// any other). Where there is none, no key is sent: to an upstream on loopback (the simulator), and to a host
/// of one's own that the recorded call was sent to without a key.
class GatewayModelCaller final : public evaluation::ModelCaller {
  public:
    explicit GatewayModelCaller(gateway::Gateway& gateway) : gateway_(gateway) {}
    Result<Call> call(const Request& request) override;

  private:
    gateway::Gateway& gateway_;
};

}  // namespace steno::server
