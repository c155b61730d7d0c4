/** People as admins see them: who is an admin, who is disabled, and what each may use. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Page, User, UserChange } from '../../api/types';
import { Message } from '../../components/basics';
import { useAction, useReading, useRested } from '../../components/hooks';
import { Who } from '../../components/people';
import { QuotaForm } from '../../components/quota';
import { Trouble, Waiting } from '../../components/waiting';
import { exactTime } from '../../components/words';
import { Reading } from '../../models/reading';
import type { Session } from '../../models/session';

export interface PeopleBodyProps {
  session: Session;
  trans: TranslationBundle;
}

/** How many are shown; whoever looks for another one searches. */
const LIMIT = 100;

/** See the module's comment. */
export function PeopleBody(props: PeopleBodyProps): React.ReactElement {
  const { session, trans } = props;
  const { sharing } = session.api;
  const [text, setText] = React.useState('');
  const wanted = useRested(text);
  const people = useReading(
    React.useCallback(
      () => new Reading<Page<User>>({ read: () => sharing.users({ text: wanted, limit: LIMIT }) }),
      [sharing, wanted]
    )
  );
  return (
    <div className="sub-Page">
      <div className="sub-SectionHead">
        <h1>{trans.__('People')}</h1>
        <input
          type="search"
          className="jp-mod-styled"
          aria-label={trans.__('Find a person')}
          placeholder={trans.__('Find a person')}
          value={text}
          onChange={event => setText(event.target.value)}
        />
      </div>
      <Waiting reading={people} loading={trans.__('Loading people…')} trans={trans}>
        {({ items, next }) => (
          <>
            {items.length === 0 && (
              <Message kind="empty">{trans.__('Nobody is called so.')}</Message>
            )}
            {items.map(user => (
              <Person
                key={user.name}
                session={session}
                user={user}
                onChanged={() => void people.refresh()}
                trans={trans}
              />
            ))}
            {next && <p>{trans.__('There are more: look for one by the name.')}</p>}
          </>
        )}
      </Waiting>
    </div>
  );
}

function Person(
  props: PeopleBodyProps & { user: User; onChanged: () => void }
): React.ReactElement {
  const { session, user, onChanged, trans } = props;
  const { busy, problem, run } = useAction();
  const change = async (part: UserChange) => {
    const done = await run(() => session.api.sharing.changeUser(user.name, part));
    onChanged();
    return done;
  };
  const note = user.seen
    ? trans.__('came %1', exactTime(user.seen))
    : trans.__('has not been here yet');
  return (
    <section className="sub-CardBox" aria-label={user.name}>
      <div className="sub-SectionHead">
        <Who subject={`user:${user.name}`} note={note} trans={trans} />
        <label>
          <input
            type="checkbox"
            checked={user.admin === true}
            disabled={busy || user.admin === null}
            onChange={() => void change({ admin: !user.admin })}
          />
          {trans.__('Admin')}
        </label>
        <label title={trans.__('A disabled account can do nothing; its jobs are stopped.')}>
          <input
            type="checkbox"
            checked={user.disabled === true}
            disabled={busy || user.disabled === null}
            onChange={() => void change({ disabled: !user.disabled })}
          />
          {trans.__('Disabled')}
        </label>
      </div>
      <Trouble problem={problem} />
      {user.quota && (
        <QuotaForm quota={user.quota} onSave={quota => change({ quota })} trans={trans} />
      )}
    </section>
  );
}
