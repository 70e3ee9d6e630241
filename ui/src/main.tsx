import './theme/mantine-styles'
import './theme/app.css'
import { MantineProvider } from '@mantine/core'
import { MutationCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Problem } from './api/problem'
import { router } from './router'
import { tellWarnings } from './state/warnings'
import { theme } from './theme/theme'

const queryClient = new QueryClient({
  mutationCache: new MutationCache({
    // Of whatever was changed, here or there: no dialog has to think of it.
    onSuccess: (answer, _asked, _before, { meta }) => tellWarnings(meta?.done ?? 'Done', answer),
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal stays a refusal; a dead or busy server is asked again.
      retry: (count, error) =>
        count < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      retryDelay: (attempt) => 400 * 2 ** attempt,
    },
  },
})

declare module '@tanstack/react-query' {
  interface Register {
    /** What the mutation has done when it was successful: "production was moved". */
    mutationMeta: { done: string }
  }
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
