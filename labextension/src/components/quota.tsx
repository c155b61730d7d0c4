/** The limits of a person or a team as a form; an empty field is no limit. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Quota } from '../api/types';
import { amount } from '../models/quantity';
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
  const [wrong, setWrong] = React.useState<readonly Name[]>([]);
  const value = (name: Name) => typed[name] ?? String(quota[name] ?? '');
  const save = async () => {
    const unread = FIELDS.filter(name => !fits(name, value(name).trim()));
    setWrong(unread);
    if (unread.length > 0) {
      return;
    }
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
              error={wrong.includes(name) ? errorOf(name, trans) : undefined}
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

/** Whether a limit can be read as what it is. */
function fits(name: Name, text: string): boolean {
  switch (name) {
    case 'cpu':
    case 'memory':
      return text === '' || amount(text) !== null;
    case 'gpu_hours':
      return Number(text) >= 0;
    default:
      return /^[0-9]*$/.test(text);
  }
}

function errorOf(name: Name, trans: TranslationBundle): string {
  switch (name) {
    case 'cpu':
      return trans.__('Write a number like 4, 0.5 or 500m.');
    case 'memory':
      return trans.__('Write an amount like 64Gi or 500Mi.');
    case 'gpu_hours':
      return trans.__('Write a number like 100.');
    default:
      return trans.__('Write a whole number.');
  }
}

/** CPU and memory may be written as `500m` and `64Gi`. */
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
