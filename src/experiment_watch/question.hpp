#pragma once

#include "analysis/experiment_result.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"
#include "experiments/experiments.hpp"

#include <vector>

namespace steno::experiment_watch {

/// What is asked of the record about an experiment: all that its units did since it was first started, until
/// it was concluded, or `now`. `trail`: its changes, the last first, as Experiments::history gives them: by
/// their plans it is known with which probability each unit got its variant.
analysis::ExperimentQuestion question_of(const experiments::Experiment& experiment,
                                         const std::vector<experiments::Change>& trail, Timestamp now,
                                         const calendar::Zone& zone = {});

/// The same with the trail that is kept. FailedPrecondition: it was never started.
Result<analysis::ExperimentQuestion> question_of(experiments::Experiments& experiments,
                                                 const experiments::Experiment& experiment, Timestamp now,
                                                 const calendar::Zone& zone = {});

}  // namespace steno::experiment_watch
