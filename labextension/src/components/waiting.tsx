/** What stands where an answer of the server is not there, or not any more. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Reading } from '../models/reading';
import { Message, TextButton } from './basics';
import { Skeleton } from './skeleton';

/** The content, or why there is none: loading, refused, failed. */
export function Waiting<T>(props: {
  reading: Reading<T>;
  loading: string;
  /** What its content will look like; see `Skeleton`. */
  shape?: 'line' | 'row' | 'block';
  children: (value: T) => React.ReactNode;
  trans: TranslationBundle;
}): React.ReactElement {
  const { reading, loading, shape, children, trans } = props;
  if (reading.value !== null) {
    return <>{children(reading.value)}</>;
  }
  if (reading.status === 'failed' || reading.status === 'forbidden') {
    return (
      <Message kind={reading.status}>
        {reading.problem}{' '}
        <TextButton onClick={() => void reading.refresh()}>{trans.__('Try again')}</TextButton>
      </Message>
    );
  }
  return <Skeleton label={loading} shape={shape} />;
}

/** What went wrong with what one just did; nothing while all is well. */
export function Trouble({ problem }: { problem: string | null }): React.ReactElement | null {
  return problem === null ? null : <Message kind="failed">{problem}</Message>;
}
