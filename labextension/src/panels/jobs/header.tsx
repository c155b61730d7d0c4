/** The panel's head: New job, engines, connection, filter. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Engine, JobState } from '../../api/types';
import { TextButton } from '../../components/basics';
import { load } from '../../components/words';
import type { ConnectionState } from '../../models/connection';
import type { JobsFilter } from '../../models/jobs';

/** What the filter offers, and the states that are meant. */
export const GROUPS: { [group: string]: readonly JobState[] } = {
  all: [],
  waiting: ['pending', 'queued'],
  running: ['running'],
  succeeded: ['succeeded'],
  failed: ['failed', 'lost'],
  cancelled: ['cancelled']
};

function groupWord(group: string, trans: TranslationBundle): string {
  switch (group) {
    case 'waiting':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'succeeded':
      return trans.__('Succeeded');
    case 'failed':
      return trans.__('Failed or lost');
    case 'cancelled':
      return trans.__('Cancelled');
    default:
      return trans.__('All states');
  }
}

/** The way to a new job, and where it could run. */
export function Header(props: {
  engines: readonly Engine[];
  onNew: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { engines, onNew, trans } = props;
  return (
    <div className="sub-Header">
      <button type="button" className="jp-Button jp-mod-styled jp-mod-accept" onClick={onNew}>
        <addIcon.react tag="span" className="sub-Header-plus" width="14px" />
        {trans.__('New job')}
      </button>
      {engines.map(engine => (
        <EngineChip key={engine.name} engine={engine} trans={trans} />
      ))}
    </div>
  );
}

function EngineChip(props: { engine: Engine; trans: TranslationBundle }): React.ReactElement {
  const { engine, trans } = props;
  const words = engine.healthy ? load(engine, trans) : trans.__('unavailable');
  const queue = engine.queue > 0 ? trans._n('%1 waits', '%1 wait', engine.queue) : null;
  return (
    <span
      className={`sub-Chip${engine.healthy ? '' : ' sub-mod-unhealthy'}`}
      title={engine.reason ?? undefined}
    >
      {engine.title} <strong>{words}</strong>
      {queue && ` · ${queue}`}
    </span>
  );
}

/** Says what is wrong with the connection; nothing while it is well. */
export function ConnectionBanner(props: {
  state: ConnectionState;
  onRetry: () => void;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { state, onRetry, trans } = props;
  if (state !== 'offline' && state !== 'forbidden') {
    return null;
  }
  return (
    <div className={`sub-Banner sub-mod-${state}`} role="status">
      <span>
        {state === 'offline'
          ? trans.__('Reconnecting… What you see may be out of date.')
          : trans.__('The server does not let you watch jobs. Sign in again.')}
      </span>
      <TextButton onClick={onRetry}>{trans.__('Try now')}</TextButton>
    </div>
  );
}

/** State and text to look for. */
export function FilterBar(props: {
  filter: JobsFilter;
  onChange: (filter: JobsFilter) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { filter, onChange, trans } = props;
  const group = Object.keys(GROUPS).find(name => GROUPS[name].join() === [...filter.states].join());
  return (
    <div className="sub-Filter" role="search">
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Find by name')}
        aria-label={trans.__('Find jobs by name or id')}
        value={filter.text}
        onChange={event => onChange({ ...filter, text: event.target.value })}
      />
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Show jobs in state')}
        value={group ?? 'all'}
        onChange={event => onChange({ ...filter, states: GROUPS[event.target.value] })}
      >
        {Object.keys(GROUPS).map(name => (
          <option key={name} value={name}>
            {groupWord(name, trans)}
          </option>
        ))}
      </select>
    </div>
  );
}
