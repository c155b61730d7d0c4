/** The limits of a person or a team as a form; an empty field is no limit. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Quota } from '../api/types';
import { TextField } from './fields';

const FIELDS = ['jobs', 'cpu', 'memory', 'gpu', 'gpu_hours'] as const;
type Name = (typeof FIELDS)[number];

/** Folded until it is wanted. */
export function QuotaForm(props: {
  quota: Quota;
  onSave: (quota: Quota) => Promise<boolean>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { quota, onSave, trans } = props;
  const id = React.useId();
  const [typed, setTyped] = React.useState<{ [name in Name]?: string }>({});
  const value = (name: Name) => typed[name] ?? String(quota[name] ?? '');
  const save = async () => {
    const limits = Object.fromEntries(FIELDS.map(name => [name, limitOf(name, value(name))]));
    if (await onSave(limits)) {
      setTyped({});
    }
  };
  return (
    <details className="sub-Quota">
      <summary>{trans.__('Change the limits')}</summary>
      <form
        onSubmit={event => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="sub-Grid">
          {FIELDS.map(name => (
            <TextField
              key={name}
              id={`${id}-${name}`}
              label={wordOf(name, trans)}
              placeholder={trans.__('no limit')}
              value={value(name)}
              onChange={text => setTyped({ ...typed, [name]: text })}
            />
          ))}
        </div>
        <button
          type="submit"
          className="jp-Button jp-mod-styled jp-mod-accept sub-TextButton"
          disabled={Object.keys(typed).length === 0}
        >
          {trans.__('Save the limits')}
        </button>
      </form>
    </details>
  );
}

/** CPU and memory may be written as `500m` and `64Gi`; what is no number the server refuses. */
function limitOf(name: Name, text: string): string | number | null {
  const trimmed = text.trim();
  if (trimmed === '') {
    return null;
  }
  const number = Number(trimmed);
  return name === 'cpu' || name === 'memory' || Number.isNaN(number) ? trimmed : number;
}

function wordOf(name: Name, trans: TranslationBundle): string {
  switch (name) {
    case 'jobs':
      return trans.__('Jobs at a time');
    case 'cpu':
      return trans.__('CPUs');
    case 'memory':
      return trans.__('Memory');
    case 'gpu':
      return trans.__('GPUs');
    default:
      return trans.__('GPU-hours a month');
  }
}
