/** A project's secrets: names are shown, values are written and never read back. */
import * as React from 'react';
import type { Secret } from '../../api/types';
import { Ago, Message, TextButton } from '../../components/basics';
import { Field, TextField } from '../../components/fields';
import { useAction, useNow, useReading } from '../../components/hooks';
import { Trouble, Waiting } from '../../components/waiting';
import { Reading } from '../../models/reading';
import { may } from '../../models/rights';
import type { TabProps } from './body';

/** What a name looks like; it is not a word of any language. */
const EXAMPLE = 'API_TOKEN';

/** What may name an environment variable. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** See the module's comment. */
export function SecretsTab(props: TabProps): React.ReactElement {
  const { session, project, trans } = props;
  const { connection } = session;
  const { sharing } = session.api;
  const { name } = project;
  const { busy, problem, run } = useAction();
  const secrets = useReading(
    React.useCallback(
      () =>
        new Reading({
          read: () => sharing.secrets(name),
          connection,
          topic: `projects/${name}`,
          when: ['audit']
        }),
      [sharing, connection, name]
    )
  );
  const writes = may(project, 'secret:write');
  const act = async (action: () => Promise<unknown>) => {
    const done = await run(action);
    await secrets.refresh();
    return done;
  };
  return (
    <>
      <p>
        {trans.__(
          'Jobs that name a secret get its value as an environment variable. Nobody can read it here.'
        )}
      </p>
      <Waiting reading={secrets} loading={trans.__('Loading secrets…')} trans={trans}>
        {items => (
          <Names
            {...props}
            items={items}
            busy={busy}
            onDelete={writes ? one => void act(() => sharing.deleteSecret(name, one)) : null}
          />
        )}
      </Waiting>
      {writes && (
        <Writing
          {...props}
          busy={busy}
          known={secrets.value?.map(secret => secret.name) ?? []}
          onWrite={(one, value) => act(() => sharing.writeSecret(name, one, value))}
        />
      )}
      <Trouble problem={problem} />
    </>
  );
}

function Names(
  props: TabProps & {
    items: readonly Secret[];
    busy: boolean;
    onDelete: ((name: string) => void) | null;
  }
): React.ReactElement {
  const { items, busy, onDelete, trans } = props;
  const now = useNow();
  if (items.length === 0) {
    return <Message kind="empty">{trans.__('No secrets yet.')}</Message>;
  }
  return (
    <ul className="sub-Rows sub-Kept" aria-label={trans.__('Secrets')}>
      {items.map(({ name, author, written }) => (
        <li key={name}>
          <span className="sub-Kept-words">
            <code>{name}</code>
            <span className="sub-Kept-note">
              {trans.__('written by %1', author)} <Ago time={written} now={now} trans={trans} />
            </span>
          </span>
          {onDelete && (
            <TextButton
              disabled={busy}
              title={trans.__('Delete the secret %1', name)}
              onClick={() => onDelete(name)}
            >
              {trans.__('Delete')}
            </TextButton>
          )}
        </li>
      ))}
    </ul>
  );
}

function Writing(
  props: TabProps & {
    busy: boolean;
    known: readonly string[];
    onWrite: (name: string, value: string) => Promise<boolean>;
  }
): React.ReactElement {
  const { busy, known, onWrite, trans } = props;
  const id = React.useId();
  const [name, setName] = React.useState('');
  const [value, setValue] = React.useState('');
  const [wrong, setWrong] = React.useState(false);
  const write = async () => {
    setWrong(!NAME.test(name));
    if (NAME.test(name) && (await onWrite(name, value))) {
      setName('');
      setValue('');
    }
  };
  return (
    <form
      className="sub-Form"
      aria-label={trans.__('Write a secret')}
      autoComplete="off"
      onSubmit={event => {
        event.preventDefault();
        void write();
      }}
    >
      <TextField
        id={`${id}-name`}
        label={trans.__('Name')}
        placeholder={EXAMPLE}
        value={name}
        onChange={setName}
        error={wrong ? trans.__('Write letters, digits and _, such as %1.', EXAMPLE) : undefined}
      />
      <Field id={`${id}-value`} label={trans.__('Value')}>
        {control => (
          <input
            {...control}
            className="jp-mod-styled"
            type="password"
            autoComplete="new-password"
            value={value}
            onChange={event => setValue(event.target.value)}
          />
        )}
      </Field>
      <div>
        <button
          type="submit"
          className="jp-Button jp-mod-styled jp-mod-accept sub-TextButton"
          disabled={busy || name === '' || value === ''}
        >
          {known.includes(name) ? trans.__('Replace the value') : trans.__('Add the secret')}
        </button>
      </div>
    </form>
  );
}
