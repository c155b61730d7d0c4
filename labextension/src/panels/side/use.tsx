/** What one takes of the machines beside what one may take. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { useReading, useSignal } from '../../components/hooks';
import { UseTable } from '../../components/use';
import { Waiting } from '../../components/waiting';
import { Reading } from '../../models/reading';
import type { Session } from '../../models/session';

/** Fresh whenever a job of the project moves; own use and that of one's teams. */
export function UseSection(props: {
  session: Session;
  trans: TranslationBundle;
}): React.ReactElement {
  const { session, trans } = props;
  const { api, jobs, me } = session;
  useSignal(me.changed);
  const names = me.value?.teams.join('\n') ?? '';
  const teams = useReading(
    React.useCallback(
      () =>
        new Reading({
          read: () =>
            Promise.all(
              names
                .split('\n')
                .filter(Boolean)
                .map(one => api.sharing.team(one))
            )
        }),
      [api, names]
    )
  );
  React.useEffect(() => {
    const again = () => {
      void me.refresh();
      void teams.refresh();
    };
    again();
    jobs.moved.connect(again);
    return () => {
      jobs.moved.disconnect(again);
    };
  }, [jobs, me, teams]);
  return (
    <div className="sub-Section sub-mod-scrolls">
      <Waiting reading={me} loading={trans.__('Loading what you use…')} trans={trans}>
        {({ quota, use }) => (
          <UseTable title={trans.__('My jobs')} quota={quota} use={use} trans={trans} />
        )}
      </Waiting>
      {teams.value?.map(
        team =>
          team.use && (
            <UseTable
              key={team.name}
              title={trans.__('Team %1', team.title)}
              quota={team.quota ?? {}}
              use={team.use}
              trans={trans}
            />
          )
      )}
    </div>
  );
}
