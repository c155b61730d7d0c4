/** Says what is wrong with the connection, and since when; nothing while it is well. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { TextButton } from './basics';
import { useNow } from './hooks';
import { exactTime } from './words';
import type { ConnectionState } from '../models/connection';

/** Milliseconds after which it is not a hiccup any more. */
const HICCUP = 5000;

export interface BannerProps {
  state: ConnectionState;
  /** Since when nothing comes, in milliseconds; null while it is well. */
  lostAt: number | null;
  onRetry: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. It stays while one attempt after another is made. */
export function ConnectionBanner(props: BannerProps): React.ReactElement | null {
  const { state, lostAt } = props;
  return state === 'forbidden' || lostAt !== null ? <Banner {...props} /> : null;
}

function Banner(props: BannerProps): React.ReactElement {
  const { state, onRetry, trans } = props;
  return (
    <div className={`sub-Banner sub-mod-${state}`} role="status">
      {state === 'forbidden' ? (
        <span>{trans.__('The server does not let you watch jobs. Sign in again.')}</span>
      ) : (
        <Lost {...props} lostAt={props.lostAt ?? 0} />
      )}
      <TextButton disabled={state === 'connecting'} onClick={onRetry}>
        {trans.__('Try now')}
      </TextButton>
    </div>
  );
}

function Lost(props: BannerProps & { lostAt: number }): React.ReactElement {
  const { lostAt, trans } = props;
  const now = useNow(HICCUP / 4);
  const time = new Date(lostAt);
  return (
    <span title={exactTime(time.toISOString())}>
      {now - lostAt < HICCUP
        ? trans.__('Reconnecting… What you see may be out of date.')
        : trans.__(
            'Offline since %1. It reconnects by itself; what you see may be out of date.',
            time.toLocaleTimeString(undefined, { timeStyle: 'short' })
          )}
    </span>
  );
}
