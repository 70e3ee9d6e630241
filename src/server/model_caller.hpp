#pragma once

#include "evaluation/replay.hpp"
#include "sources/gateway/gateway.hpp"

namespace steno::server {

/// Evaluation's way to the models: the gateway's upstreams, with keys from the environment (OPENAI_API_KEY,
/// ANTHROPIC_API_KEY, GEMINI_API_KEY or GOOGLE_API_KEY, and <UPSTREAM>_API_KEY for any other). An upstream on
/// loopback, such as the simulator, needs none.
class GatewayModelCaller final : public evaluation::ModelCaller {
  public:
    explicit GatewayModelCaller(gateway::Gateway& gateway) : gateway_(gateway) {}
    Result<Call> call(const Request& request) override;

  private:
    gateway::Gateway& gateway_;
};

}  // namespace steno::server
