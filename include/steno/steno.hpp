#pragma once

/// Everything of Steno's C++ SDK that needs no other library. docs/cpp.md shows how it is used.
#include "steno/call.hpp"
#include "steno/context.hpp"
#include "steno/http.hpp"
#include "steno/kinds.hpp"
#include "steno/prompts.hpp"
#include "steno/request.hpp"
#include "steno/tracking.hpp"
#include "steno/wrap.hpp"
