/** The form that makes something with a title and a name: a project, a team. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Problem, sentenceOf } from '../api/problem';
import { SLUG, slugOf } from '../models/slug';
import { TextButton } from './basics';
import { TextField } from './fields';
import { Trouble } from './waiting';

export interface NamingProps {
  /** What the button says. */
  action: string;
  onMake: (name: string, title: string) => Promise<void>;
  onCancel: () => void;
  trans: TranslationBundle;
}

/** The name follows the title until it is written by hand. */
export function Naming(props: NamingProps): React.ReactElement {
  const { action, onMake, onCancel, trans } = props;
  const id = React.useId();
  const [title, setTitle] = React.useState('');
  const [written, setWritten] = React.useState<string | null>(null);
  const [error, setError] = React.useState<{ field: string | null; text: string } | null>(null);
  const [busy, setBusy] = React.useState(false);
  const name = written ?? slugOf(title);
  const make = async () => {
    if (!SLUG.test(name)) {
      setError({ field: 'name', text: trans.__('Write small letters, digits and hyphens.') });
      return;
    }
    setBusy(true);
    try {
      await onMake(name, title.trim());
    } catch (problem) {
      const field = problem instanceof Problem ? problem.field : null;
      setError({ field, text: sentenceOf(problem) });
      setBusy(false);
    }
  };
  const at = (field: string) => (error?.field === field ? error.text : undefined);
  return (
    <form
      className="sub-Form"
      noValidate
      onSubmit={event => {
        event.preventDefault();
        void make();
      }}
    >
      <TextField
        id={`${id}-title`}
        label={trans.__('Title')}
        value={title}
        onChange={setTitle}
        error={at('title')}
      />
      <TextField
        id={`${id}-name`}
        label={trans.__('Name')}
        hint={trans.__('For addresses and commands. It can not be changed later.')}
        value={name}
        onChange={setWritten}
        error={at('name')}
      />
      <Trouble
        problem={error && !['title', 'name'].includes(error.field ?? '') ? error.text : null}
      />
      <div className="sub-Modal-foot">
        <TextButton onClick={onCancel}>{trans.__('Cancel')}</TextButton>
        <button
          type="submit"
          className="jp-Button jp-mod-styled jp-mod-accept sub-TextButton"
          disabled={busy || name === ''}
        >
          {action}
        </button>
      </div>
    </form>
  );
}
