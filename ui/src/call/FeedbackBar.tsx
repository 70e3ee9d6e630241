import { Button, Textarea } from '@mantine/core'
import { IconMessage, IconThumbDown, IconThumbUp } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem } from '../api/problem'
import { callQuery, postFeedback } from '../api/queries'
import type { Call, Verdict } from '../api/types'
import { TimeText } from '../components/TimeText'
import classes from './FeedbackBar.module.css'

/** Was the answer good? A verdict and a comment, on the record once the server has acknowledged them. */
export function FeedbackBar({ call }: { call: Call }) {
  const queryClient = useQueryClient()
  const [writing, setWriting] = useState(false)
  const [comment, setComment] = useState(call.feedback?.comment ?? '')
  const known = call.feedback
  const verdict = known?.verdict
  const send = useMutation({
    mutationFn: (next: { verdict: Verdict; comment?: string }) => postFeedback(call.id, next),
    onSuccess: (_, next) => {
      setWriting(false)
      // The acknowledgement means it is on the record; the view may take a moment to show it.
      queryClient.setQueryData<Call>(callQuery(call.id).queryKey, (old) =>
        old ? { ...old, feedback: { ...next, at: new Date().toISOString() } } : old,
      )
      void queryClient.invalidateQueries({ queryKey: ['call', call.id, 'text'] })
    },
  })
  const text = comment.trim()
  const give = (next: Verdict) => send.mutate(text ? { verdict: next, comment: text } : { verdict: next })
  return (
    <footer className={classes.bar} aria-label="Feedback">
      {writing && (
        <Textarea
          size="xs"
          autosize={false}
          rows={3}
          data-autofocus
          aria-label="Comment"
          placeholder="What was good or wrong about the answer?"
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
      )}
      <div className={classes.row}>
        <Button
          size="compact-sm"
          variant={verdict === 'accepted' ? 'filled' : 'default'}
          leftSection={<IconThumbUp size={14} />}
          aria-pressed={verdict === 'accepted'}
          disabled={send.isPending}
          onClick={() => give(verdict === 'accepted' && !writing ? 'none' : 'accepted')}
        >
          Accept
        </Button>
        <Button
          size="compact-sm"
          variant={verdict === 'rejected' ? 'filled' : 'default'}
          color={verdict === 'rejected' ? 'red' : undefined}
          leftSection={<IconThumbDown size={14} />}
          aria-pressed={verdict === 'rejected'}
          disabled={send.isPending}
          onClick={() => give(verdict === 'rejected' && !writing ? 'none' : 'rejected')}
        >
          Reject
        </Button>
        {writing ? (
          <>
            <Button
              size="compact-sm"
              disabled={!text || send.isPending}
              onClick={() => give(verdict ?? 'none')}
            >
              Save comment
            </Button>
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setWriting(false)}>
              Cancel
            </Button>
          </>
        ) : (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconMessage size={14} />}
            onClick={() => setWriting(true)}
          >
            {known?.comment ? 'Edit comment' : 'Comment'}
          </Button>
        )}
        <span className={classes.state} role="status">
          {send.error ? (
            <span className={classes.bad}>{asProblem(send.error).message}</span>
          ) : (
            known?.at && (
              <>
                {[known.verdict === 'none' ? 'commented' : known.verdict, known.by && `by ${known.by}`]
                  .filter(Boolean)
                  .join(' ')}{' '}
                <TimeText at={known.at} />
              </>
            )
          )}
        </span>
      </div>
      {known?.comment && !writing && <p className={classes.comment}>“{known.comment}”</p>}
    </footer>
  )
}
