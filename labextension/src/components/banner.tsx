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
  /** The code of what the server said against it, if it said something. */
  refusal: string | null;
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
        <span>{forbidden(props)}</span>
      ) : (
        <Lost {...props} lostAt={props.lostAt ?? 0} />
      )}
      <TextButton disabled={state === 'connecting'} onClick={onRetry}>
        {trans.__('Try now')}
      </TextButton>
    </div>
  );
}

function forbidden({ refusal, trans }: BannerProps): string {
  return refusal === 'no_credential'
    ? trans.__(
        'This server cannot ask the team service for you. Open the lab on a server of your own.'
      )
    : trans.__('The server does not let you watch jobs. Sign in again.');
}

function Lost(props: BannerProps & { lostAt: number }): React.ReactElement {
  const { lostAt, trans } = props;
  const now = useNow(HICCUP / 4);
  const time = new Date(lostAt);
  return (
    <span title={exactTime(time.toISOString())}>
      {now - lostAt < HICCUP
        ? trans.__('Reconnecting… What you see may be out of date.')
        : since(props, time.toLocaleTimeString(undefined, { timeStyle: 'short' }))}
    </span>
  );
}

function since({ refusal, trans }: BannerProps, time: string): string {
  return refusal === 'service_away'
    ? trans.__(
        'The team service is away since %1; jobs go on. It reconnects by itself; what you see may be out of date.',
        time
      )
    : trans.__('Offline since %1. It reconnects by itself; what you see may be out of date.', time);
}
