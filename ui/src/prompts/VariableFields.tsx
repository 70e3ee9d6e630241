import { ActionIcon, Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import classes from './VariableFields.module.css'
import { variableTypes, type DraftVariable } from './version-draft'

interface Props {
  variables: DraftVariable[]
  onChange: (variables: DraftVariable[]) => void
  /** By "variables.INDEX". */
  wrong: Record<string, string>
}

/** The variables that are declared; one that only stands in a template needs no row. */
export function VariableFields({ variables, onChange, wrong }: Props) {
  const put = (index: number, part: Partial<DraftVariable>) =>
    onChange(variables.map((each, at) => (at === index ? { ...each, ...part } : each)))
  return (
    <fieldset className={classes.variables}>
      <legend>
        Variables <span className="dim">declared ones have a type and a default, or are optional</span>
      </legend>
      {variables.map((variable, index) => {
        const name = variable.name || `variable ${index + 1}`
        return (
          <div key={index} className={classes.variable}>
            <TextInput
              size="xs"
              aria-label={`Name of ${name}`}
              placeholder="name"
              value={variable.name}
              onChange={(event) => put(index, { name: event.currentTarget.value })}
            />
            <NativeSelect
              size="xs"
              aria-label={`Type of ${name}`}
              data={variableTypes}
              value={variable.type}
              onChange={(event) => put(index, { type: event.currentTarget.value })}
            />
            <TextInput
              size="xs"
              aria-label={`Default of ${name}`}
              placeholder={variable.type === 'string' ? 'default' : 'default, as JSON'}
              value={variable.default}
              onChange={(event) => put(index, { default: event.currentTarget.value })}
            />
            <Checkbox
              size="xs"
              label="optional"
              aria-label={`${name} is optional`}
              checked={!variable.required}
              onChange={(event) => put(index, { required: !event.currentTarget.checked })}
            />
            <ActionIcon
              size="sm"
              aria-label={`Remove ${name}`}
              onClick={() => onChange(variables.filter((_, at) => at !== index))}
            >
              <IconX size={14} />
            </ActionIcon>
            {wrong[`variables.${index}`] && (
              <span className={classes.wrong} role="alert">
                {wrong[`variables.${index}`]}
              </span>
            )}
          </div>
        )
      })}
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconPlus size={13} />}
        onClick={() =>
          onChange([...variables, { name: '', type: 'string', default: '', required: true, description: '' }])
        }
      >
        Variable
      </Button>
    </fieldset>
  )
}
