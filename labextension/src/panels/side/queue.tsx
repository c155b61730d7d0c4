/** The Queue section: what my teams and I use, who holds the GPUs, and where my jobs stand. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { userIcon, usersIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Account, Engine, Holder, Place, Queue } from '../../api/types';
import { useReading } from '../../components/hooks';
import { Bar, UseTable } from '../../components/use';
import { Waiting } from '../../components/waiting';
import { enginePlace, engineTitle } from '../../components/words';
import { Reading } from '../../models/reading';
import type { Session } from '../../models/session';

export interface QueueSectionProps {
  session: Session;
  project: string;
  onOpen: (id: string) => void;
  trans: TranslationBundle;
}

/** See the module's comment. Fresh whenever any job on this server moves. */
export function QueueSection(props: QueueSectionProps): React.ReactElement {
  const { session, trans } = props;
  const { api, connection, engines } = session;
  const queue = useReading(
    React.useCallback(
      () =>
        new Reading({
          read: () => api.queue(),
          connection,
          topic: 'me',
          when: ['queue', 'me']
        }),
      [api, connection]
    )
  );
  return (
    <div className="sub-Section sub-mod-scrolls">
      <Waiting reading={queue} loading={trans.__('Loading the queue…')} trans={trans}>
        {value => (
          <>
            <Places {...props} queue={value} />
            <Accounts accounts={value.accounts} trans={trans} />
            <Holders holders={value.holders} engines={engines.items} trans={trans} />
          </>
        )}
      </Waiting>
    </div>
  );
}

/** Where my jobs stand, the next one first. */
function Places(props: QueueSectionProps & { queue: Queue }): React.ReactElement {
  const { queue, trans } = props;
  const more = queue.waiting - queue.places.length;
  return (
    <section aria-label={trans.__('My place in the queue')}>
      <div className="sub-SectionHead">
        <h2>{trans.__('My place in the queue')}</h2>
      </div>
      {queue.places.length === 0 ? (
        <p className="sub-Note">{trans.__('None of your jobs is waiting.')}</p>
      ) : (
        <ol className="sub-Rows sub-Places">
          {queue.places.map(place => (
            <li key={place.job}>
              <OnePlace {...props} place={place} />
            </li>
          ))}
        </ol>
      )}
      {more > 0 && (
        <p className="sub-Note">{trans._n('%1 more is waiting.', '%1 more are waiting.', more)}</p>
      )}
    </section>
  );
}

function OnePlace(props: QueueSectionProps & { place: Place }): React.ReactElement {
  const { place, project, onOpen, trans } = props;
  const { position } = place;
  return (
    <button type="button" className="sub-Place" onClick={() => onOpen(place.job)}>
      <span
        className="sub-Place-number"
        title={position === null ? trans.__('The engine does not say which place.') : undefined}
      >
        {position === null ? '–' : trans.__('%1.', position)}
      </span>
      <span className="sub-Place-words">
        <span className="sub-JobRow-name">{place.name}</span>
        {place.project !== project && (
          <span className="sub-Place-note">{trans.__('in %1', place.project)}</span>
        )}
        {place.reason && <span className="sub-Place-note">{place.reason}</span>}
      </span>
    </button>
  );
}

/** My own use first, then each team's, beside what is allowed. */
function Accounts(props: {
  accounts: readonly Account[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { accounts, trans } = props;
  return (
    <section aria-label={trans.__('Use and quota')}>
      <div className="sub-SectionHead">
        <h2>{trans.__('Use and quota')}</h2>
      </div>
      {accounts.map(({ subject, title, quota, use }) => (
        <UseTable
          key={subject}
          title={subject.startsWith('team:') ? trans.__('Team %1', title) : trans.__('My jobs')}
          quota={quota}
          use={use}
          brief
          trans={trans}
        />
      ))}
    </section>
  );
}

/** Who holds the GPUs of each engine; people whose jobs one may not see are a number. */
function Holders(props: {
  holders: readonly Holder[];
  engines: readonly Engine[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { holders, engines, trans } = props;
  const named = [...new Set(holders.map(({ engine }) => engine))];
  return (
    <section aria-label={trans.__('Who holds the GPUs')}>
      <div className="sub-SectionHead">
        <h2>{trans.__('Who holds the GPUs')}</h2>
      </div>
      {named.length === 0 && <p className="sub-Note">{trans.__('No job holds a GPU now.')}</p>}
      {named.map(name => (
        <OnEngine
          key={name}
          engine={engines.find(one => one.name === name)}
          name={name}
          holders={holders.filter(({ engine }) => engine === name)}
          trans={trans}
        />
      ))}
    </section>
  );
}

function OnEngine(props: {
  engine: Engine | undefined;
  name: string;
  holders: readonly Holder[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { engine, name, holders, trans } = props;
  const held = holders.reduce((sum, { gpu }) => sum + gpu, 0);
  const all = Math.max(engine?.capacity?.gpu ?? 0, held);
  const title = engine ? engineTitle(engine, trans) : enginePlace(name, trans);
  const words = engine?.capacity?.gpu
    ? trans.__('%1: %2 of %3 GPUs', title, held, engine.capacity.gpu)
    : trans.__('%1: %2 GPUs', title, held);
  return (
    <>
      <h3 className="sub-Holders-engine">{words}</h3>
      <ul className="sub-Rows sub-Holders" aria-label={words}>
        {holders.map(holder => (
          <li key={holder.owner ?? ''}>
            <Person holder={holder} trans={trans} />
            <span className="sub-Number">
              {trans._n('%1 GPU', '%1 GPUs', holder.gpu)}
              {' · '}
              {trans._n('%1 job', '%1 jobs', holder.jobs)}
            </span>
            <Bar used={holder.gpu} limit={all} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Person(props: { holder: Holder; trans: TranslationBundle }): React.ReactElement {
  const { holder, trans } = props;
  const Icon = holder.owner === null ? usersIcon : userIcon;
  return (
    <span
      className="sub-Who"
      title={holder.owner === null ? trans.__('People whose jobs you may not see') : holder.owner}
    >
      <Icon.react tag="span" className="sub-Who-icon" width="16px" height="16px" />
      <span className="sub-Who-name">{holder.owner ?? trans.__('Others')}</span>
    </span>
  );
}
