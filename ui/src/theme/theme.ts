import { createTheme, type MantineColorsTuple } from '@mantine/core'

const teal: MantineColorsTuple = [
  '#e8f6f4',
  '#cfe9e6',
  '#9fd4ce',
  '#6cbeb5',
  '#43ab9f',
  '#259a8d',
  '#0f7f75',
  '#0d7068',
  '#0a5c56',
  '#064540',
]

/** Mantine's dark scale, from text (0) over body (7) to the deepest (9), on our neutral ground. */
const dark: MantineColorsTuple = [
  '#dfe4e8',
  '#c3cad1',
  '#98a3ad',
  '#6d7883',
  '#333b42',
  '#2a3137',
  '#1d2327',
  '#14181b',
  '#101315',
  '#0b0d0f',
]

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 5 },
  colors: { teal, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Cantarell, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: '11.5px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  headings: { fontWeight: '600' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  components: {
    Button: { styles: { label: { fontWeight: 500 } } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Popover: { defaultProps: { shadow: 'md' } },
    Menu: { defaultProps: { shadow: 'md' } },
  },
})
