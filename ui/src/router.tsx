import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router'
import { CallPanelRoute } from './call/CallPanelRoute'
import { CallsPage } from './calls/CallsPage'
import { NotFound } from './components/NotFound'
import { PageError } from './components/PageError'
import { ExperimentPage } from './experiments/ExperimentPage'
import { ExperimentsPage } from './experiments/ExperimentsPage'
import { LimitsPage } from './limits/LimitsPage'
import { CompareTab } from './performance/CompareTab'
import { PerformanceTab } from './performance/PerformanceTab'
import { DiffTab } from './prompts/DiffTab'
import { LabelsTab } from './prompts/LabelsTab'
import { NewPromptPage } from './prompts/NewPromptPage'
import { NewVersionTab } from './prompts/NewVersionTab'
import { PromptPage } from './prompts/PromptPage'
import { PromptsPage } from './prompts/PromptsPage'
import { VersionsTab } from './prompts/VersionsTab'
import { TypePage } from './prompt-types/TypePage'
import { TypesPage } from './prompt-types/TypesPage'
import { RequestPage } from './request/RequestPage'
import { Shell } from './components/Shell'
import type { SearchRecord } from './state/list-state'

const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageError,
  validateSearch: (search: Record<string, unknown>): SearchRecord => search as SearchRecord,
})

/** The list stays while a call is open beside it. */
const listRoute = createRoute({ getParentRoute: () => rootRoute, id: 'list', component: CallsPage })
const indexRoute = createRoute({ getParentRoute: () => listRoute, path: '/' })
const callRoute = createRoute({
  getParentRoute: () => listRoute,
  path: '/calls/$callId',
  component: CallPanelRoute,
})
const requestRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/requests/$requestId',
  component: RequestPage,
})

const limitsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/limits',
  component: LimitsPage,
})

const promptsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/prompts',
  component: PromptsPage,
})
/** Names with "/" are one part of the path: %2F. */
const promptRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/prompts/$promptName',
  component: PromptPage,
})
const versionsRoute = createRoute({ getParentRoute: () => promptRoute, path: '/', component: VersionsTab })
const newVersionRoute = createRoute({
  getParentRoute: () => promptRoute,
  path: 'new',
  component: NewVersionTab,
})
/** Not below /prompts, where it would be a prompt's name. */
const newPromptRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/new-prompt',
  component: NewPromptPage,
})
const labelsRoute = createRoute({ getParentRoute: () => promptRoute, path: 'labels', component: LabelsTab })
const diffRoute = createRoute({ getParentRoute: () => promptRoute, path: 'diff', component: DiffTab })
const performanceRoute = createRoute({
  getParentRoute: () => promptRoute,
  path: 'performance',
  component: PerformanceTab,
})
const compareRoute = createRoute({
  getParentRoute: () => promptRoute,
  path: 'compare',
  component: CompareTab,
})

const typesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/prompt-types',
  component: TypesPage,
})
const typeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/prompt-types/$promptType',
  component: TypePage,
})

const experimentsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/experiments',
  component: ExperimentsPage,
})
const experimentRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/experiments/$experimentName',
  component: ExperimentPage,
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    listRoute.addChildren([indexRoute, callRoute]),
    requestRoute,
    limitsRoute,
    promptsRoute,
    newPromptRoute,
    promptRoute.addChildren([
      versionsRoute,
      newVersionRoute,
      labelsRoute,
      diffRoute,
      performanceRoute,
      compareRoute,
    ]),
    typesRoute,
    typeRoute,
    experimentsRoute,
    experimentRoute,
  ]),
  // Flat and readable, spelled like the API's own parameters.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as SearchRecord).toString()
    return text ? `?${text}` : ''
  },
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
