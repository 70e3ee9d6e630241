#include "store/memory/memory_store.hpp"

#include "store/conformance/store_suite.hpp"

namespace steno::store::conformance {

INSTANTIATE_TEST_SUITE_P(
    Memory, StoreSuite,
    ::testing::Values(Backend{
        "memory",
        [](const std::string&) -> Result<std::unique_ptr<CallStore>> { return make_memory_store(); }, false}),
    name_of);

}  // namespace steno::store::conformance
