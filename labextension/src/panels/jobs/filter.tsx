/** Which jobs to show. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { JobState } from '../../api/types';
import type { JobsFilter } from '../../models/filter';

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

export interface FilterBarProps {
  filter: JobsFilter;
  /** Who asks; null until it is known. */
  user: string | null;
  /** Whose jobs there are or may be; somebody may be named twice. */
  owners: readonly string[];
  onChange: (filter: JobsFilter) => void;
  trans: TranslationBundle;
}

/** Text, state and owner to look for. */
export function FilterBar(props: FilterBarProps): React.ReactElement {
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
      <OwnerSelect {...props} />
    </div>
  );
}

/** Mine, anybody's, or one person's. */
function OwnerSelect(props: FilterBarProps): React.ReactElement {
  const { filter, user, owners, onChange, trans } = props;
  const known = [...owners, ...(filter.owner === null ? [] : [filter.owner])];
  const others = [...new Set(known)]
    .filter(name => name !== user)
    .sort((one, other) => one.localeCompare(other));
  return (
    <select
      className="jp-mod-styled"
      aria-label={trans.__('Show jobs of')}
      value={filter.owner ?? ''}
      onChange={event => onChange({ ...filter, owner: event.target.value || null })}
    >
      <option value="">{trans.__('Anybody’s')}</option>
      {user !== null && <option value={user}>{trans.__('Mine')}</option>}
      {others.map(name => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
