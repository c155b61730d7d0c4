/** A team that a project is shared with: who is in it, read when unfolded, and giving it up. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Team } from '../../api/types';
import { IconButton } from '../../components/basics';
import { GroupNote } from '../../components/groupnote';
import { useReading } from '../../components/hooks';
import { Who } from '../../components/people';
import { teamRoleWord } from '../../components/projectwords';
import { Waiting } from '../../components/waiting';
import { Reading } from '../../models/reading';
import type { Session } from '../../models/session';

interface TeamMembersProps {
  session: Session;
  team: string;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function TeamMembers(props: TeamMembersProps): React.ReactElement {
  const { trans } = props;
  const [open, setOpen] = React.useState(false);
  return (
    <details className="sub-TeamMembers" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Members')}</summary>
      {open && <Unfolded {...props} />}
    </details>
  );
}

/** A team's manager may give up what is shared with the team. */
export function TeamDrop(
  props: TeamMembersProps & { onDrop: () => void }
): React.ReactElement | null {
  const { team, onDrop, trans } = props;
  const reading = useTeam(props);
  return reading.value?.role !== 'manager' ? null : (
    <IconButton icon={closeIcon} name={trans.__('Remove %1', team)} onClick={onDrop} />
  );
}

function useTeam({ session, team }: TeamMembersProps): Reading<Team> {
  const { api } = session;
  return useReading(
    React.useCallback(() => new Reading({ read: () => api.sharing.team(team) }), [api, team])
  );
}

function Unfolded(props: TeamMembersProps): React.ReactElement {
  const { trans } = props;
  const reading = useTeam(props);
  return (
    <Waiting reading={reading} loading={trans.__('Loading members…')} trans={trans}>
      {team => (
        <>
          <GroupNote team={team} trans={trans} />
          {team.members.length === 0 ? (
            <p>{trans.__('Only members of the team see who is in it.')}</p>
          ) : (
            <ul className="sub-Rows">
              {team.members.map(({ user, role }) => (
                <li key={user}>
                  <Who
                    subject={`user:${user}`}
                    note={role === 'manager' ? teamRoleWord(role, trans) : null}
                    trans={trans}
                  />
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Waiting>
  );
}
