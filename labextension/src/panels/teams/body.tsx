/** Teams: admins make and delete them, managers look after their members. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Page, Team } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useReading, useRested, useSignal } from '../../components/hooks';
import { openModal } from '../../components/modal';
import { Naming } from '../../components/naming';
import { Waiting } from '../../components/waiting';
import { Reading } from '../../models/reading';
import type { Session } from '../../models/session';
import { TeamCard } from './team';

export interface TeamsBodyProps {
  session: Session;
  trans: TranslationBundle;
}

/** How many are shown; whoever looks for another one searches. */
const LIMIT = 100;

/** See the module's comment. */
export function TeamsBody(props: TeamsBodyProps): React.ReactElement {
  const { session, trans } = props;
  const { api, connection, me } = session;
  useSignal(me.changed);
  const [text, setText] = React.useState('');
  const wanted = useRested(text);
  const teams = useReading(
    React.useCallback(
      () =>
        new Reading<Page<Team>>({
          read: () => api.sharing.teams({ text: wanted, limit: LIMIT }),
          connection,
          topic: 'me',
          when: ['me', 'projects']
        }),
      [api, connection, wanted]
    )
  );
  const again = () => void teams.refresh();
  return (
    <div className="sub-Page">
      <div className="sub-SectionHead">
        <h1>{trans.__('Teams')}</h1>
        <input
          type="search"
          className="jp-mod-styled"
          aria-label={trans.__('Find a team')}
          placeholder={trans.__('Find a team')}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        {me.value?.admin && (
          <TextButton accept onClick={() => openNewTeam(session, again, trans)}>
            {trans.__('New team…')}
          </TextButton>
        )}
      </div>
      <Waiting reading={teams} loading={trans.__('Loading teams…')} trans={trans}>
        {({ items, next }) => (
          <>
            {items.length === 0 && (
              <Message kind="empty">
                {trans.__('No teams. Admins make them; projects can be shared with them.')}
              </Message>
            )}
            {items.map(team => (
              <TeamCard
                key={team.name}
                session={session}
                team={team}
                onChanged={again}
                trans={trans}
              />
            ))}
            {next && <p>{trans.__('There are more: look for one by its name.')}</p>}
          </>
        )}
      </Waiting>
    </div>
  );
}

function openNewTeam(session: Session, made: () => void, trans: TranslationBundle): void {
  openModal({
    title: trans.__('New team'),
    body: close => (
      <Naming
        action={trans.__('Create')}
        onMake={async (name, title) => {
          await session.api.sharing.createTeam({ name, title });
          made();
          close();
        }}
        onCancel={close}
        trans={trans}
      />
    ),
    trans
  });
}
